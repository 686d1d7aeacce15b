-- name: role_facts
SELECT
    current_user AS role_name,
    role.rolsuper AS is_superuser,
    role.rolbypassrls AS bypasses_rls,
    EXISTS (
        SELECT 1 FROM pg_class AS class
        WHERE class.relname LIKE 'v\_voice\_%' AND class.relkind IN ('r', 'p')
            AND pg_has_role(current_user, class.relowner, 'USAGE')
    ) AS owns_tables
FROM pg_roles AS role
WHERE role.rolname = current_user

-- name: vector_schema
SELECT namespace.nspname
FROM pg_type AS type JOIN pg_namespace AS namespace ON namespace.oid = type.typnamespace
WHERE type.typname = 'vector'
LIMIT 1

-- name: has_schema_version
SELECT to_regprocedure('public.voice_ai_schema_version()') IS NOT NULL;

-- name: schema_version
SELECT public.voice_ai_schema_version();
