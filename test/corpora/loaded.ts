import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createDatabase, dropDatabase, runSql, runSqlite } from '../support/databases.ts'
import { servers, temporaryDirectory, type Server, type ServerName } from '../support/servers.ts'
import { corporaDirectory, scriptOf, type Corpus } from './corpus.ts'

/** A corpus in a database of its own. */
export interface Loaded {
  readonly url: string
  /** The database's directory in the backup. */
  readonly name: string
  run(sqlText: string): string
  /** The names of its tables as they stand in a category list. */
  tables(): readonly string[]
  /** Removes everything in it. */
  empty(): void
  remove(): void
}

/** Loads a corpus by the vendor's own client. */
export async function load(corpus: Corpus, serverName: ServerName): Promise<Loaded> {
  if (corpus.engine === 'sqlite') return await loadFile(corpus)
  const server = servers()[serverName]
  const loaded = onServer(server)
  loaded.run(scriptOf(corpus.engine, corpus.file))
  return loaded
}

/** An empty database on a server. */
export function onServer(server: Server): Loaded {
  const question = server.name.startsWith('postgres')
    ? `SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema');`
    : "SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND table_type = 'BASE TABLE';"
  const name = createDatabase(server)
  return {
    url: server.url(name),
    name,
    run: (sqlText) => runSql(server, name, sqlText),
    tables: () => runSql(server, name, question).trim().split('\n'),
    empty: () => {
      dropDatabase(server, name)
      createDatabase(server, name)
    },
    remove: () => {
      dropDatabase(server, name)
    },
  }
}

async function loadFile(corpus: Corpus): Promise<Loaded> {
  const file = join(await temporaryDirectory(), 'corpus.db')
  if (corpus.file.endsWith('.db')) {
    copyFileSync(join(corporaDirectory, corpus.engine, corpus.file), file)
  } else {
    // Nobody needs these rows after a power cut.
    const quickly = 'PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;\n'
    runSqlite(file, quickly + scriptOf(corpus.engine, corpus.file))
  }
  const question = `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')
    AND name NOT LIKE 'sqlite_%';`
  return {
    url: `sqlite:${file}`,
    name: 'corpus',
    run: (sqlText) => runSqlite(file, sqlText),
    tables: () => runSqlite(file, question).trim().split('\n'),
    empty: () => {
      rmSync(file)
    },
    remove: () => undefined,
  }
}
