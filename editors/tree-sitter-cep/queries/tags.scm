(declaration name: (identifier) @name) @definition
