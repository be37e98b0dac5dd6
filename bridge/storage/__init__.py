"""The database: the only room with queries. Rows are returned to be read; changes go through this room's functions."""
