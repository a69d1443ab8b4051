; What is coloured how.
(comment) @comment
(string) @string
(regex) @string.regexp
(time) @constant
(number) @number
(unit) @type.builtin
(boolean) @boolean
(null) @constant.builtin
(header) @variable.builtin
(sign) @operator
(keyword) @keyword
(type) @type.builtin
(declaration_word) @keyword.type
(declaration name: (identifier) @type.definition)
(member name: (_) @property)
(path name: (_) @property)
(call function: (identifier) @function.call)
["{" "}" "(" ")" "[" "]"] @punctuation.bracket
