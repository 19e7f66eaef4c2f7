"""Files in and out. No face: stages are loaded one by one."""
