"""Keeps Supabase's Data API out of the schema `public`.

Supabase serves that schema to the roles `anon` and `authenticated`. This service alone reads and
writes the tables, as their owner, so those roles lose every privilege and every table gets row
level security without a policy. Applied after each migration; what is locked already is left
untouched, so that running it again takes no lock.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

_EXPOSED_ROLES = "('anon', 'authenticated')"

_LOCK_DOWN = f"""
DO $$
DECLARE
    item record;
    exposed record;
BEGIN
    FOR item IN
        SELECT c.oid::regclass AS name FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT c.relrowsecurity AND pg_has_role(c.relowner, 'USAGE')
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', item.name);
    END LOOP;

    FOR exposed IN SELECT oid, rolname FROM pg_roles WHERE rolname IN {_EXPOSED_ROLES} LOOP
        FOR item IN
            SELECT c.oid::regclass AS name,
                   CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace
              AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND pg_has_role(c.relowner, 'USAGE')
              AND EXISTS (  -- revoking from a table also revokes from its columns
                  SELECT FROM aclexplode(c.relacl) acl WHERE acl.grantee IN (exposed.oid, 0)
                  UNION ALL
                  SELECT FROM pg_attribute a, aclexplode(a.attacl) acl
                  WHERE a.attrelid = c.oid AND acl.grantee IN (exposed.oid, 0)
              )
        LOOP
            EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC, %I', item.kind, item.name,
                           exposed.rolname);
        END LOOP;
        FOR item IN
            SELECT p.oid::regprocedure AS name FROM pg_proc p
            WHERE p.pronamespace = 'public'::regnamespace AND pg_has_role(p.proowner, 'USAGE')
              AND has_function_privilege(exposed.oid, p.oid, 'EXECUTE')
        LOOP
            EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, %I', item.name,
                           exposed.rolname);
        END LOOP;
        FOR item IN
            SELECT CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
                   ELSE 'FUNCTIONS' END AS kind, d.defaclrole::regrole AS owner
            FROM pg_default_acl d, aclexplode(d.defaclacl) acl
            WHERE d.defaclnamespace = 'public'::regnamespace AND acl.grantee = exposed.oid
              AND d.defaclobjtype IN ('r', 'S', 'f') AND pg_has_role(d.defaclrole, 'USAGE')
            GROUP BY d.defaclobjtype, d.defaclrole
        LOOP
            EXECUTE format(
                'ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA public REVOKE ALL ON %s FROM %I',
                item.owner, item.kind, exposed.rolname);
        END LOOP;
    END LOOP;
END
$$
"""

_AUDIT = f"""
SELECT 'table ' || c.relname || ': row level security is off' AS finding
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
UNION ALL
SELECT 'table ' || p.tablename || ': has the policy ' || p.policyname
FROM pg_policies p WHERE p.schemaname = 'public'
UNION ALL
SELECT 'table ' || c.relname || ': ' || r.rolname || ' may ' || privilege.name
FROM pg_class c
CROSS JOIN pg_roles r
CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'),
                   ('TRIGGER')) AS privilege(name)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND r.rolname IN {_EXPOSED_ROLES} AND has_table_privilege(r.oid, c.oid, privilege.name)
UNION ALL
SELECT 'table ' || c.relname || ': ' || r.rolname || ' may ' || privilege.name || ' some columns'
FROM pg_class c
CROSS JOIN pg_roles r
CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('REFERENCES')) AS privilege(name)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND r.rolname IN {_EXPOSED_ROLES} AND has_any_column_privilege(r.oid, c.oid, privilege.name)
  AND NOT has_table_privilege(r.oid, c.oid, privilege.name)
UNION ALL
SELECT 'sequence ' || c.relname || ': ' || r.rolname || ' may use it'
FROM pg_class c CROSS JOIN pg_roles r
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'
  AND r.rolname IN {_EXPOSED_ROLES}
  AND has_sequence_privilege(r.oid, c.oid, 'USAGE, SELECT, UPDATE')
UNION ALL
SELECT 'function ' || p.oid::regprocedure || ': ' || r.rolname || ' may execute it'
FROM pg_proc p CROSS JOIN pg_roles r
WHERE p.pronamespace = 'public'::regnamespace AND r.rolname IN {_EXPOSED_ROLES}
  AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
ORDER BY 1
"""


def lock_down(connection: Connection) -> None:
    """Take every privilege from the exposed roles that the current role may take."""
    connection.execute(text(_LOCK_DOWN))


async def exposed(connection: AsyncConnection) -> Sequence[str]:
    """A sentence for each thing in `public` that the Data API could reach; empty when locked."""
    return (await connection.execute(text(_AUDIT))).scalars().all()
