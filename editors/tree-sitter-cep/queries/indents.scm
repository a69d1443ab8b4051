(block) @indent.begin
"}" @indent.branch
