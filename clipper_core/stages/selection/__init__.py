"""Which clips to propose. No face: stages are loaded one by one."""
