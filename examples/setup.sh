# Sourced by examples/quickstart and tests/run: installs the Debian packages that are missing.
#
#   install_missing PACKAGE…   says what it installs; does nothing when all are there
#
# Works as root or with sudo, asks nothing, and starts no daemon that a package brings along.

packages_build='gcc g++ make libc6-dev liblmdb-dev libsimdjson-dev libpcre2-dev libxxhash-dev libutf8proc-dev libjansson-dev libyaml-dev libhiredis-dev libnng-dev tzdata'
packages_test='libcmocka-dev libmsgpack-dev redis-server'

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Runs a command as root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        env "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo env "$@"
    else
        echo "root or sudo is needed to install packages" >&2
        return 1
    fi
}

# A package's daemon is started through policy-rc.d; 101 forbids it. One that is there already stays.
daemons_forbid() {
    [ -e /usr/sbin/policy-rc.d ] && return 0
    trap daemons_allow EXIT
    trap 'daemons_allow; exit 130' INT TERM
    as_root sh -c 'printf "#!/bin/sh\nexit 101\n" > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d'
}

daemons_allow() {
    trap - EXIT INT TERM
    as_root rm -f /usr/sbin/policy-rc.d
}

apt_get() {
    as_root DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

install_missing() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        echo "not a Debian system: these packages, or what they are called here, must be there: $*"
        return 0
    fi
    missing=
    for package in "$@"; do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0

    echo "installing:$missing"
    apt_get update >/dev/null || echo "apt-get update failed; trying with the lists that are there" >&2
    if [ -e /usr/sbin/policy-rc.d ]; then
        apt_get install --no-install-recommends $missing >/dev/null
    else
        daemons_forbid && apt_get install --no-install-recommends $missing >/dev/null
        installed=$?
        daemons_allow
        return $installed
    fi
}
