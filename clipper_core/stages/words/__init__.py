"""Words recognised and placed. No face: stages are loaded one by one."""
