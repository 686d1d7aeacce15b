std = "lua52"
max_line_length = 125
exclude_files = { ".venv", "var", "build" }
read_globals = { "freeswitch", "session", "argv" }
globals = { "voice_secretary_on_input" }
