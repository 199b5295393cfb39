const functions = `
  CREATE SCHEMA app; CREATE SCHEMA "Other One";
  CREATE TYPE app.money_of AS (amount numeric, currency text);
  CREATE FUNCTION app.lt(app.money_of, app.money_of) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.amount < $2.amount';
  CREATE FUNCTION app.le(app.money_of, app.money_of) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.amount <= $2.amount';
  CREATE FUNCTION app.eq(app.money_of, app.money_of) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.amount = $2.amount';
  CREATE FUNCTION app.ne(app.money_of, app.money_of) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.amount <> $2.amount';
  CREATE FUNCTION app.ge(app.money_of, app.money_of) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.amount >= $2.amount';
  CREATE FUNCTION app.gt(app.money_of, app.money_of) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.amount > $2.amount';
  CREATE FUNCTION app.cmp(app.money_of, app.money_of) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT sign($1.amount - $2.amount)::integer';
  CREATE FUNCTION app.cmp(app.money_of, numeric) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT sign($1.amount - $2)::integer';
  CREATE FUNCTION app.cmp(numeric, app.money_of) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT sign($1 - $2.amount)::integer';
  CREATE FUNCTION app.lt(app.money_of, numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.amount < $2';
  CREATE FUNCTION app.gt(numeric, app.money_of) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > $2.amount';
  CREATE FUNCTION app.hash(app.money_of) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT hashtext($1.amount::text)';
  CREATE FUNCTION app.hash_extended(app.money_of, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT hashtextextended($1.amount::text, $2)';
  CREATE FUNCTION app.minus(app.money_of) RETURNS app.money_of LANGUAGE sql IMMUTABLE AS 'SELECT ROW(-$1.amount, $1.currency)::app.money_of';
  CREATE FUNCTION "Other One"."Odd name"(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > $2';`

const comparisons = `
  CREATE OPERATOR app.< (FUNCTION = app.lt, LEFTARG = app.money_of, RIGHTARG = app.money_of, COMMUTATOR = OPERATOR(app.>),
    NEGATOR = OPERATOR(app.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
  CREATE OPERATOR app.<= (FUNCTION = app.le, LEFTARG = app.money_of, RIGHTARG = app.money_of, COMMUTATOR = OPERATOR(app.>=),
    NEGATOR = OPERATOR(app.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
  CREATE OPERATOR app.= (FUNCTION = app.eq, LEFTARG = app.money_of, RIGHTARG = app.money_of, COMMUTATOR = OPERATOR(app.=),
    NEGATOR = OPERATOR(app.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
  CREATE OPERATOR app.<> (FUNCTION = app.ne, LEFTARG = app.money_of, RIGHTARG = app.money_of, COMMUTATOR = OPERATOR(app.<>),
    NEGATOR = OPERATOR(app.=), RESTRICT = neqsel, JOIN = neqjoinsel);
  CREATE OPERATOR app.>= (FUNCTION = app.ge, LEFTARG = app.money_of, RIGHTARG = app.money_of, COMMUTATOR = OPERATOR(app.<=),
    NEGATOR = OPERATOR(app.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);
  CREATE OPERATOR app.> (FUNCTION = app.gt, LEFTARG = app.money_of, RIGHTARG = app.money_of, COMMUTATOR = OPERATOR(app.<),
    NEGATOR = OPERATOR(app.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
  CREATE OPERATOR app.< (FUNCTION = app.lt, LEFTARG = app.money_of, RIGHTARG = numeric, COMMUTATOR = OPERATOR(app.>));
  CREATE OPERATOR app.> (FUNCTION = app.gt, LEFTARG = numeric, RIGHTARG = app.money_of, COMMUTATOR = OPERATOR(app.<));`

/** Every form of operators, their families and classes, and access methods: what it shows, and the script that makes it. */
export const operatorForms: readonly (readonly [string, string])[] = [
  [
    'operators of every form',
    `${functions} ${comparisons}
     CREATE ROLE operator_owner; GRANT ALL ON SCHEMA app TO operator_owner;
     CREATE OPERATOR app.- (FUNCTION = app.minus, RIGHTARG = app.money_of);
     COMMENT ON OPERATOR app.- (NONE, app.money_of) IS 'it''s the other way round';
     CREATE OPERATOR "Other One".->> (FUNCTION = "Other One"."Odd name", LEFTARG = text, RIGHTARG = text);
     CREATE OPERATOR "Other One".!!= (FUNCTION = "Other One"."Odd name", LEFTARG = text, RIGHTARG = text);
     CREATE OPERATOR "Other One".@#% (FUNCTION = int4pl, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(app.%#@));
     CREATE OPERATOR app.%#@ (FUNCTION = int4pl, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR("Other One".@#%));
     CREATE OPERATOR app.~~ (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer);
     CREATE OPERATOR app.|| (FUNCTION = pg_catalog.textcat, LEFTARG = text, RIGHTARG = text);
     CREATE OPERATOR app.<-> (FUNCTION = pg_catalog.point_distance, LEFTARG = point, RIGHTARG = point, COMMUTATOR = OPERATOR(app.<->));
     CREATE OPERATOR app.&&& (FUNCTION = pg_catalog.timestamptz_eq, LEFTARG = timestamp with time zone, RIGHTARG = timestamp with time zone);
     CREATE OPERATOR app.&&& (FUNCTION = pg_catalog.chareq, LEFTARG = "char", RIGHTARG = "char");
     ALTER OPERATOR app.< (app.money_of, app.money_of) OWNER TO operator_owner;
     ALTER OPERATOR app.> (app.money_of, app.money_of) OWNER TO operator_owner;
     CREATE TABLE app.prices (price app.money_of, CHECK (0::numeric OPERATOR(app.>) price));
     CREATE VIEW app.cheap AS SELECT p.price FROM app.prices p WHERE p.price OPERATOR(app.<) 5::numeric;`,
  ],
  [
    'operators that were named and never made',
    `CREATE SCHEMA app; CREATE ROLE shell_owner; GRANT ALL ON SCHEMA app TO shell_owner;
     CREATE OPERATOR app.<<~ (FUNCTION = int4lt, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(app.~>>), NEGATOR = OPERATOR(app.>>=~));
     CREATE OPERATOR app.!~ (FUNCTION = int4ge, LEFTARG = integer, RIGHTARG = integer, NEGATOR = OPERATOR(app.~!));
     ALTER OPERATOR app.~>> (integer, integer) OWNER TO shell_owner;
     COMMENT ON OPERATOR app.>>=~ (integer, integer) IS 'to come';
     CREATE OPERATOR app.<<@ (FUNCTION = int84lt, LEFTARG = bigint, RIGHTARG = integer, COMMUTATOR = OPERATOR(app.@>>));
     DROP OPERATOR app.<<@ (bigint, integer);
     ALTER OPERATOR app.@>> (integer, bigint) OWNER TO shell_owner;
     CREATE OPERATOR app.?! (FUNCTION = boolin, RIGHTARG = cstring, NEGATOR = OPERATOR(app.!?));
     DROP OPERATOR app.?! (NONE, cstring);
     COMMENT ON OPERATOR app.!? (NONE, cstring) IS 'forgotten';`,
  ],
  [
    'links that are not returned',
    `CREATE SCHEMA app;
     CREATE OPERATOR app.<<< (FUNCTION = int4lt, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(app.>>>));
     CREATE OPERATOR app.>>> (FUNCTION = int4gt, LEFTARG = integer, RIGHTARG = integer);
     CREATE OPERATOR app.>>@ (FUNCTION = int4gt, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(app.<<@));
     CREATE OPERATOR app.<<@ (FUNCTION = int4lt, LEFTARG = integer, RIGHTARG = integer);
     CREATE OPERATOR app.=== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(app.====));
     CREATE OPERATOR app.==== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(app.=====));
     CREATE OPERATOR app.===== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR(app.====));
     CREATE OPERATOR app.!@ (FUNCTION = int4ne, LEFTARG = integer, RIGHTARG = integer, NEGATOR = OPERATOR(app.=@));
     CREATE OPERATOR app.=@ (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer, NEGATOR = OPERATOR(app.<>@));
     CREATE OPERATOR app.<>@ (FUNCTION = int4ne, LEFTARG = integer, RIGHTARG = integer, NEGATOR = OPERATOR(app.=@));`,
  ],
  [
    'operator classes and families for trees and hashes',
    `${functions} ${comparisons}
     CREATE ROLE class_owner; GRANT ALL ON SCHEMA app TO class_owner;
     CREATE OPERATOR CLASS app.money_ops DEFAULT FOR TYPE app.money_of USING btree AS
       OPERATOR 1 app.<, OPERATOR 2 app.<=, OPERATOR 3 app.=, OPERATOR 4 app.>=, OPERATOR 5 app.>, FUNCTION 1 app.cmp(app.money_of, app.money_of);
     ALTER OPERATOR FAMILY app.money_ops USING btree ADD
       OPERATOR 1 app.< (app.money_of, numeric), OPERATOR 5 app.> (numeric, app.money_of),
       FUNCTION 1 (app.money_of, numeric) app.cmp(app.money_of, numeric), FUNCTION 1 (numeric, app.money_of) app.cmp(numeric, app.money_of);
     COMMENT ON OPERATOR CLASS app.money_ops USING btree IS 'by amount'; COMMENT ON OPERATOR FAMILY app.money_ops USING btree IS 'and numbers';
     CREATE OPERATOR FAMILY app."Hash of money" USING hash;
     CREATE OPERATOR CLASS app.money_ops DEFAULT FOR TYPE app.money_of USING hash FAMILY app."Hash of money" AS
       OPERATOR 1 app.=, FUNCTION 1 app.hash(app.money_of), FUNCTION 2 app.hash_extended(app.money_of, bigint);
     ALTER OPERATOR CLASS app.money_ops USING hash OWNER TO class_owner; ALTER OPERATOR FAMILY app.money_ops USING btree OWNER TO class_owner;
     CREATE OPERATOR FAMILY app.empty USING gist;
     CREATE OPERATOR FAMILY app.op_family USING btree;
     CREATE OPERATOR CLASS app.op_class FOR TYPE bigint USING btree FAMILY app.op_family AS STORAGE bigint,
       OPERATOR 1 <(bigint,bigint), OPERATOR 2 <=(bigint,bigint), OPERATOR 3 =(bigint,bigint), OPERATOR 4 >=(bigint,bigint), OPERATOR 5 >(bigint,bigint),
       FUNCTION 1 (bigint, bigint) btint8cmp(bigint,bigint), FUNCTION 2 (bigint, bigint) btint8sortsupport(internal), FUNCTION 4 (bigint, bigint) btequalimage(oid);
     ALTER OPERATOR FAMILY app.op_family USING btree ADD
       OPERATOR 1 <(bigint,integer), OPERATOR 2 <=(bigint,integer), OPERATOR 3 =(bigint,integer), OPERATOR 4 >=(bigint,integer), OPERATOR 5 >(bigint,integer),
       FUNCTION 1 (integer, bigint) btint48cmp(integer,bigint), FUNCTION 3 (integer, integer) in_range(integer,integer,integer,boolean,boolean);
     CREATE OPERATOR CLASS app.op_class_empty FOR TYPE bigint USING btree FAMILY app.op_family AS STORAGE bigint;
     CREATE OPERATOR CLASS app.late FOR TYPE integer USING btree FAMILY app.op_family AS FUNCTION 1 btint4cmp(integer, integer);
     ALTER OPERATOR FAMILY app.op_family USING btree ADD OPERATOR 1 < (integer, integer), OPERATOR 3 = (integer, integer);
     CREATE OPERATOR CLASS app.descending FOR TYPE integer USING btree AS
       OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 btint4cmp(integer, integer);
     CREATE TABLE app.prices (id integer PRIMARY KEY, price app.money_of, n integer);
     CREATE INDEX prices_price ON app.prices (price); CREATE INDEX prices_hash ON app.prices USING hash (price);
     CREATE INDEX prices_down ON app.prices (n app.descending); CREATE UNIQUE INDEX prices_once ON app.prices (price) WHERE price OPERATOR(app.=) NULL;
     ALTER TABLE app.prices ADD CONSTRAINT one_price EXCLUDE USING btree (price WITH OPERATOR(app.=));
     CREATE TABLE app.parted (price app.money_of) PARTITION BY RANGE (price app.money_ops);
     CREATE TYPE app.money_range AS RANGE (SUBTYPE = app.money_of, SUBTYPE_OPCLASS = app.money_ops);
     CREATE TYPE app.down_range AS RANGE (SUBTYPE = integer, SUBTYPE_OPCLASS = app.descending);
     CREATE MATERIALIZED VIEW app.sorted AS SELECT id FROM app.prices ORDER BY price USING OPERATOR(app.<);
     INSERT INTO app.prices VALUES (1, '(1,EUR)', 5), (2, '(2,EUR)', 6);`,
  ],
  [
    'operator classes for the other index methods',
    `CREATE SCHEMA app;
     CREATE FUNCTION app.distance(box, point) RETURNS double precision LANGUAGE sql IMMUTABLE AS 'SELECT box($2, $2) <-> $1';
     CREATE OPERATOR app.<-> (FUNCTION = app.distance, LEFTARG = box, RIGHTARG = point);
     CREATE OPERATOR CLASS app.box_tree FOR TYPE box USING gist AS
       OPERATOR 1 <<, OPERATOR 3 &&, OPERATOR 15 app.<-> (box, point) FOR ORDER BY pg_catalog.float_ops,
       FUNCTION 1 gist_box_consistent(internal, box, smallint, oid, internal), FUNCTION 2 gist_box_union(internal, internal),
       FUNCTION 5 gist_box_penalty(internal, internal, internal), FUNCTION 6 gist_box_picksplit(internal, internal),
       FUNCTION 7 gist_box_same(box, box, internal), FUNCTION 8 gist_box_distance(internal, box, smallint, oid, internal);
     CREATE OPERATOR CLASS app.polygon_tree FOR TYPE polygon USING gist AS
       OPERATOR 3 && FOR SEARCH, STORAGE box,
       FUNCTION 1 gist_poly_consistent(internal, polygon, smallint, oid, internal), FUNCTION 2 gist_box_union(internal, internal),
       FUNCTION 3 gist_poly_compress(internal), FUNCTION 5 gist_box_penalty(internal, internal, internal),
       FUNCTION 6 gist_box_picksplit(internal, internal), FUNCTION 7 gist_box_same(box, box, internal);
     CREATE OPERATOR CLASS app.words FOR TYPE text[] USING gin AS
       OPERATOR 1 && (anyarray, anyarray), OPERATOR 2 @> (anyarray, anyarray), STORAGE text,
       FUNCTION 1 bttextcmp(text, text), FUNCTION 2 ginarrayextract(anyarray, internal, internal),
       FUNCTION 3 ginqueryarrayextract(anyarray, internal, smallint, internal, internal, internal, internal),
       FUNCTION 4 ginarrayconsistent(internal, smallint, anyarray, integer, internal, internal, internal, internal);
     CREATE OPERATOR CLASS app.texts FOR TYPE text USING spgist AS
       OPERATOR 1 ~<~ (text, text), OPERATOR 3 =,
       FUNCTION 1 spg_text_config(internal, internal), FUNCTION 2 spg_text_choose(internal, internal), FUNCTION 3 spg_text_picksplit(internal, internal),
       FUNCTION 4 spg_text_inner_consistent(internal, internal), FUNCTION 5 spg_text_leaf_consistent(internal, internal);
     CREATE OPERATOR CLASS app.blocks FOR TYPE integer USING brin AS
       OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
       FUNCTION 1 brin_minmax_opcinfo(internal), FUNCTION 2 brin_minmax_add_value(internal, internal, internal, internal),
       FUNCTION 3 brin_minmax_consistent(internal, internal, internal), FUNCTION 4 brin_minmax_union(internal, internal, internal);
     ALTER OPERATOR FAMILY app.blocks USING brin ADD OPERATOR 1 < (integer, bigint), OPERATOR 1 < (bigint, bigint),
       FUNCTION 11 (bigint, bigint) hashint8(bigint);
     ALTER OPERATOR FAMILY app.box_tree USING gist ADD FUNCTION 3 (box, box) gist_point_compress(internal);
     CREATE TABLE app.shapes (b box, p polygon, w text[], t text, n integer, EXCLUDE USING gist (b app.box_tree WITH &&));
     CREATE INDEX ON app.shapes USING gist (p app.polygon_tree); CREATE INDEX ON app.shapes USING gin (w app.words);
     CREATE INDEX ON app.shapes USING spgist (t app.texts); CREATE INDEX ON app.shapes USING brin (n app.blocks);
     INSERT INTO app.shapes VALUES ('(1,1),(0,0)', '(0,0),(1,1),(1,0)', '{a,b}', 'x', 1);`,
  ],
  [
    'access methods',
    `CREATE ACCESS METHOD gist2 TYPE INDEX HANDLER gisthandler; COMMENT ON ACCESS METHOD gist2 IS 'once more';
     CREATE ACCESS METHOD "Heap of mine" TYPE TABLE HANDLER heap_tableam_handler;
     CREATE FUNCTION public.own_handler(internal) RETURNS index_am_handler LANGUAGE internal AS 'bthandler';
     CREATE ACCESS METHOD tree TYPE INDEX HANDLER public.own_handler;
     CREATE OPERATOR CLASS public.tree_ops DEFAULT FOR TYPE integer USING tree AS
       OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer);
     CREATE OPERATOR CLASS public.box_ops2 DEFAULT FOR TYPE box USING gist2 AS OPERATOR 3 &&,
       FUNCTION 1 gist_box_consistent(internal, box, smallint, oid, internal), FUNCTION 2 gist_box_union(internal, internal),
       FUNCTION 5 gist_box_penalty(internal, internal, internal), FUNCTION 6 gist_box_picksplit(internal, internal), FUNCTION 7 gist_box_same(box, box, internal);
     CREATE TABLE public.kept (id integer, b box) USING "Heap of mine"; INSERT INTO public.kept VALUES (1, '(1,1),(0,0)');
     CREATE INDEX kept_b ON public.kept USING gist2 (b);`,
  ],
  [
    'members that a user gave to a family of the server',
    `CREATE TYPE public.small AS (n integer);
     CREATE FUNCTION public.compare(public.small, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($1.n, $2)';
     CREATE FUNCTION public.less(public.small, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.n < $2';
     CREATE OPERATOR public.< (FUNCTION = public.less, LEFTARG = public.small, RIGHTARG = integer);
     ALTER OPERATOR FAMILY pg_catalog.integer_ops USING btree ADD OPERATOR 1 public.< (public.small, integer),
       FUNCTION 1 (public.small, integer) public.compare(public.small, integer);
     CREATE EXTENSION citext;
     ALTER OPERATOR FAMILY public.citext_ops USING btree ADD OPERATOR 1 public.< (public.small, integer);`,
  ],
]

/** What pg_dump does not print: shells and their owners, links, and what goes with which class. */
export const operatorCatalogs = `
  SELECT o.oid::regoperator, oprowner::regrole, oprcode, oprcom::regoperator, oprnegate::regoperator, obj_description(o.oid, 'pg_operator')
    FROM pg_operator o WHERE o.oid >= 16384 ORDER BY o.oid::regoperator::text;
  SELECT pg_describe_object(classid, objid, 0), pg_describe_object(refclassid, refobjid, 0), deptype
    FROM pg_depend WHERE classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass) AND objid >= 16384
    ORDER BY 1, 2, 3;
  SELECT f.opfname, am.amname, amopstrategy, amopopr::regoperator, amoppurpose, s.opfname
    FROM pg_amop a JOIN pg_opfamily f ON f.oid = a.amopfamily JOIN pg_am am ON am.oid = a.amopmethod LEFT JOIN pg_opfamily s ON s.oid = a.amopsortfamily
    WHERE a.oid >= 16384 ORDER BY 1, 2, 3, amopopr::regoperator::text;
  SELECT f.opfname, am.amname, amprocnum, amproclefttype::regtype, amprocrighttype::regtype, amproc::regprocedure
    FROM pg_amproc a JOIN pg_opfamily f ON f.oid = a.amprocfamily JOIN pg_am am ON am.oid = f.opfmethod
    WHERE a.oid >= 16384 ORDER BY 1, 2, 3, amproclefttype::regtype::text, amprocrighttype::regtype::text`
