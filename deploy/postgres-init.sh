#!/bin/sh
# Runs once, in an empty database: the service's own login, which is bound by row-level security, and pgvector.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set password="$(cat "$VOICE_AI_DB_PASSWORD_FILE")" <<'SQL'
CREATE EXTENSION IF NOT EXISTS vector;
CREATE ROLE voice_ai_service NOLOGIN;
CREATE ROLE voice_ai LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'password' IN ROLE voice_ai_service;
SQL
