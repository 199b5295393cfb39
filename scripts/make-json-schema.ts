import { writeFileSync } from 'node:fs'
import { jsonSchemaText } from '../src/config/schema.ts'

/** Writes etc/schema_backup.schema.json; run it after a change of src/config/schema.ts. */
writeFileSync(new URL('../etc/schema_backup.schema.json', import.meta.url), jsonSchemaText())
