[(block) (list)] @fold
