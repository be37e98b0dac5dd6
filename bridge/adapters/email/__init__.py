"""E-mail: mail to a community's address in, one letter to each reader out, by the MTA beside us."""
