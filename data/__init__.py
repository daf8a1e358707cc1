"""Small inputs that ship with the project; `SOURCES.md` says where each comes from."""
