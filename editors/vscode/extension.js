// Starts `cep lsp` and stops it again; everything else is the server's.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = function () {
  const command = workspace.getConfiguration("cep").get("path", "cep");
  client = new LanguageClient("cep", "cep", { command, args: ["lsp"] }, { documentSelector: [{ language: "cep" }] });
  return client.start();
};

exports.deactivate = function () {
  return client && client.stop();
};
