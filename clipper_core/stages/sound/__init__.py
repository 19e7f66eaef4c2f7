"""Sound decoded and measured. No face: stages are loaded one by one."""
