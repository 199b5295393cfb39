import { afterAll, describe, expect, test } from 'vitest'
import { pathOf } from '../../../src/files/layout.ts'
import { createDatabase, dropDatabase, runSql } from '../../support/databases.ts'
import { outerPostgresServers, servers } from '../../support/servers.ts'
import { differences, restore } from './restore.ts'
import { heldSnapshot } from './round-trip.ts'

/** 63 bytes in signs of 1 to 4 bytes each: as long as a name can be. */
const long = (sign: string, start: string): string =>
  start + sign.repeat(Math.floor((63 - Buffer.byteLength(start)) / Buffer.byteLength(sign)))

const names = [long('a', 'x'), long('é', 'x'), long('語', ''), long('😀', 'abc')]

function scriptFor(name: string): string {
  const q = `"${name}"`
  const end = Array.from(name).slice(1).join('')
  const types = Array.from({ length: 40 }, () => `${q}.${q}`).join(', ')
  return `
    CREATE SCHEMA ${q}; COMMENT ON SCHEMA ${q} IS 'long';
    CREATE TYPE ${q}.${q} AS ENUM ('${name}');
    CREATE TABLE ${q}."t${end}" (${q} integer GENERATED ALWAYS AS IDENTITY, b ${q}.${q}, CONSTRAINT ${q} PRIMARY KEY (${q}));
    INSERT INTO ${q}."t${end}" (b) VALUES ('${name}'), (NULL);
    CREATE INDEX "i${end}" ON ${q}."t${end}" (b);
    CREATE VIEW ${q}."v${end}" AS SELECT ${q} FROM ${q}."t${end}";
    CREATE FUNCTION ${q}.${q}(${types}) RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION ${q}.${q}(${types}, integer) RETURNS integer LANGUAGE sql AS 'SELECT 2';
    COMMENT ON FUNCTION ${q}.${q}(${types}) IS 'many';
    GRANT EXECUTE ON FUNCTION ${q}.${q}(${types}, integer) TO PUBLIC;
    CREATE FUNCTION ${q}.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER ${q} BEFORE UPDATE OF ${q} ON ${q}."t${end}" FOR EACH ROW EXECUTE FUNCTION ${q}.touch();`
}

describe.each(outerPostgresServers)('%s: names as long as they can be', (name) => {
  const server = servers()[name]
  const databases: string[] = []

  afterAll(() => {
    for (const database of databases) dropDatabase(server, database)
  })

  test.each(names)('of %s come back', async (each) => {
    expect(Buffer.byteLength(each)).toBeLessThanOrEqual(63)
    expect(Buffer.byteLength(each)).toBeGreaterThan(59)
    const [source, copy] = [createDatabase(server), createDatabase(server)]
    databases.push(source, copy)
    runSql(server, source, scriptFor(each))
    const original = await heldSnapshot(server.url(source))
    expect(original.schema.notCaptured).toEqual([])
    await restore(original, server.url(copy))
    expect(await differences(server, original, source, copy)).toEqual([])

    const inSchemas = original.schema.objects.filter(({ schema }) => schema !== undefined)
    const paths = inSchemas.map((object) => pathOf(object))
    expect(paths).toHaveLength(6)
    expect(new Set(paths).size).toBe(paths.length)
    for (const part of paths.flatMap((path) => path.split('/')))
      expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255)
  })
})
