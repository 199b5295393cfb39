/** One entry at least in every catalog that can hold what users make; names say whose they are. */
export const oneOfEach = `
  CREATE SCHEMA app; SET search_path = app;
  CREATE FUNCTION handler(internal) RETURNS index_am_handler LANGUAGE internal AS 'bthandler';
  CREATE ACCESS METHOD method TYPE INDEX HANDLER handler;
  CREATE OPERATOR FAMILY family USING btree; CREATE FUNCTION same(text, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
  CREATE OPERATOR === (LEFTARG = text, RIGHTARG = integer, FUNCTION = same);
  CREATE FUNCTION compare(text, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
  ALTER OPERATOR FAMILY family USING btree ADD OPERATOR 3 === (text, integer), FUNCTION 1 compare(text, integer);
  CREATE OPERATOR CLASS class FOR TYPE integer USING hash FAMILY family_of_hash AS OPERATOR 1 =, FUNCTION 1 hashint4(integer);
  CREATE TYPE kind AS ENUM ('a'); CREATE TYPE span AS RANGE (subtype = integer);
  CREATE CAST (kind AS point) WITH INOUT; CREATE COLLATION sorted (locale = 'C'); CREATE CONVERSION convert FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
  CREATE FUNCTION on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE FUNCTION on_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE FUNCTION call(internal) RETURNS language_handler LANGUAGE internal AS 'fmgr_internal_validator';
  CREATE FOREIGN DATA WRAPPER wrapper; CREATE SERVER other FOREIGN DATA WRAPPER wrapper; CREATE USER MAPPING FOR PUBLIC SERVER other;
  CREATE FOREIGN TABLE far (id integer) SERVER other;
  CREATE TABLE near (id integer PRIMARY KEY, n integer DEFAULT 1 CHECK (n > 0), v text);
  CREATE INDEX by_n ON near (n); CREATE POLICY mine ON near; CREATE STATISTICS both_of ON id, n FROM near;
  CREATE TRIGGER watch BEFORE INSERT ON near FOR EACH ROW EXECUTE FUNCTION on_row(); CREATE RULE silent AS ON DELETE TO near DO INSTEAD NOTHING;
  CREATE VIEW seen AS SELECT id FROM near; CREATE DOMAIN positive AS integer CONSTRAINT above CHECK (VALUE > 0);
  CREATE PUBLICATION pub FOR TABLE near; SELECT lo_create(0);
  CREATE SUBSCRIPTION SUBNAME CONNECTION 'host=localhost' PUBLICATION p WITH (connect = false, slot_name = NONE);
  CREATE TEXT SEARCH CONFIGURATION config (COPY = simple); CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple);
  CREATE TEXT SEARCH PARSER parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
  CREATE TEXT SEARCH TEMPLATE template (LEXIZE = dsimple_lexize);
  CREATE FUNCTION to_sql(internal) RETURNS kind LANGUAGE internal IMMUTABLE AS 'boolin'; CREATE TRANSFORM FOR kind LANGUAGE sql (TO SQL WITH FUNCTION to_sql(internal));
  ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC;
  CREATE EVENT TRIGGER whenever ON sql_drop EXECUTE FUNCTION on_event();
  CREATE EXTENSION EXTNAME;`

/** What must be named when the entries of a catalog are in no file. */
export const named: Readonly<Record<string, string>> = {
  pg_am: 'access method: method',
  pg_amop:
    'operator of access method: operator 3 (pg_catalog.text, integer) of app.family USING btree',
  pg_amproc:
    'function of access method: function 1 (pg_catalog.text, integer) of app.family USING btree',
  pg_attrdef: 'default value: for app.near.n',
  pg_cast: 'cast: (app.kind AS pg_catalog.point)',
  pg_class: 'table: app.near',
  pg_collation: 'collation: app.sorted',
  pg_constraint: 'table constraint: near_n_check on app.near',
  pg_conversion: 'conversion: app.convert',
  pg_default_acl: 'default privileges: for role postgres in schema app on tables',
  pg_event_trigger: 'event trigger: whenever',
  pg_extension: 'extension: citext',
  pg_foreign_data_wrapper: 'foreign-data wrapper: wrapper',
  pg_foreign_server: 'server: other',
  pg_language: 'language: own',
  pg_largeobject_metadata: 'large objects: 1 large object',
  pg_namespace: 'schema: app',
  pg_opclass: 'operator class: app.class USING hash',
  pg_operator: 'operator: app.===(pg_catalog.text,integer)',
  pg_opfamily: 'operator family: app.family USING btree',
  pg_policy: 'policy: mine on app.near',
  pg_proc: 'function: app.compare(pg_catalog.text,integer)',
  pg_publication: 'publication: pub',
  pg_publication_namespace: 'publication namespace: app in publication all_of_app',
  pg_publication_rel: 'publication relation: app.near in publication pub',
  pg_rewrite: 'rule: silent on app.near',
  pg_statistic_ext: 'statistics object: app.both_of',
  pg_subscription: 'subscription: SUBNAME',
  pg_transform: 'transform: for app.kind language sql',
  pg_trigger: 'trigger: watch on app.near',
  pg_ts_config: 'text search configuration: app.config',
  pg_ts_dict: 'text search dictionary: app.dict',
  pg_ts_parser: 'text search parser: app.parser',
  pg_ts_template: 'text search template: app.template',
  pg_type: 'type: app.kind',
  pg_user_mapping: 'user mapping: public on server other',
}

/** Changes of which each touches another catalog than those before it. */
export const changes = [
  `COMMENT ON TABLE app.near IS 'new'`,
  `ALTER TYPE app.kind ADD VALUE 'b'`,
  'DROP CAST (app.kind AS point)',
  'ALTER COLLATION app.sorted RENAME TO renamed',
  'ALTER CONVERSION app.convert RENAME TO renamed',
  'ALTER TEXT SEARCH CONFIGURATION app.config DROP MAPPING FOR word',
  'ALTER TEXT SEARCH DICTIONARY app.dict (accept = false)',
  'ALTER TEXT SEARCH PARSER app.parser RENAME TO renamed',
  'ALTER TEXT SEARCH TEMPLATE app.template RENAME TO renamed',
  `ALTER FOREIGN TABLE app.far OPTIONS (a 'b')`,
  `ALTER SERVER other OPTIONS (a 'b')`,
  `ALTER USER MAPPING FOR PUBLIC SERVER other OPTIONS (a 'b')`,
  `ALTER FOREIGN DATA WRAPPER wrapper OPTIONS (a 'b')`,
  `ALTER PUBLICATION pub SET (publish = 'insert')`,
  'ALTER PUBLICATION pub DROP TABLE app.near',
  'ALTER SUBSCRIPTION SUBNAME SET (binary = true)',
  'ALTER EVENT TRIGGER whenever DISABLE',
  'ALTER POLICY mine ON app.near USING (true)',
  'ALTER STATISTICS app.both_of SET STATISTICS 5',
  'ALTER TABLE app.near DISABLE TRIGGER watch',
  'ALTER TABLE app.near DISABLE RULE silent',
  'ALTER TABLE app.near ALTER n SET DEFAULT 2',
  'ALTER TABLE app.near RENAME CONSTRAINT near_n_check TO renamed',
  'ALTER INDEX app.by_n RENAME TO renamed',
  'ALTER DOMAIN app.positive SET NOT NULL',
  'ALTER FUNCTION app.compare(text, integer) COST 7',
  'ALTER OPERATOR app.===(text, integer) SET (RESTRICT = eqsel)',
  'ALTER OPERATOR CLASS app.class USING hash RENAME TO renamed',
  'ALTER OPERATOR FAMILY app.family USING btree RENAME TO renamed',
  'ALTER OPERATOR FAMILY app.family USING btree DROP FUNCTION 1 (text, integer)',
  'ALTER OPERATOR FAMILY app.family USING btree DROP OPERATOR 3 (text, integer)',
  'ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON TABLES FROM PUBLIC',
  'ALTER LANGUAGE own RENAME TO renamed',
  'DROP TRANSFORM FOR app.kind LANGUAGE sql',
  'DROP ACCESS METHOD method',
  'GRANT SELECT (id) ON app.near TO PUBLIC',
  'GRANT USAGE ON SCHEMA public TO CURRENT_USER',
  'ALTER EXTENSION citext SET SCHEMA public',
  `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 64', current_database()); END $$`,
] as const
