(declaration name: (identifier) @local.definition)
(declaration body: (block) @local.scope)
