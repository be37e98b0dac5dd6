-- Where the volume was made when the role baraza was the superuser: it becomes an ordinary one that owns its database.
-- As in compose.postgres.yaml, with both files named (or COMPOSE_FILE):
--   docker compose ... exec baraza baraza backup /data/before-role.tar.gz
--   docker compose ... stop baraza
--   docker compose ... exec -T postgres psql -q -U baraza -d baraza < docker/postgres-former.sql
--   docker compose ... start baraza
-- The password stays as it is. All of it is done or nothing; a second time it is refused. Where it fails, remove what
-- it worked with (by network nobody can come in as that):   DROP ROLE baraza_turn
\set ON_ERROR_STOP on
-- A superuser who was the first cannot be made less, and nobody can rename the role that they came in as.
SET client_min_messages = warning;
DROP ROLE IF EXISTS baraza_turn;
CREATE ROLE baraza_turn SUPERUSER LOGIN;
\connect - baraza_turn
SET lock_timeout = '10s'; -- where a Baraza still runs it says so, and waits for nobody
BEGIN;
ALTER ROLE baraza RENAME TO postgres;
SELECT format('CREATE ROLE baraza LOGIN PASSWORD %L', rolpassword) FROM pg_authid WHERE rolname = 'postgres' \gexec
ALTER ROLE postgres PASSWORD NULL;
ALTER DATABASE baraza OWNER TO baraza;
-- Their sequences and indexes go with them.
SELECT format('ALTER TABLE public.%I OWNER TO baraza', tablename) FROM pg_tables WHERE schemaname = 'public' \gexec
COMMIT;
\connect - postgres
DROP ROLE baraza_turn;
