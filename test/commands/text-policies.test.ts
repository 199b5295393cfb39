import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { host, test, type Project } from '../cli/project.ts'
import { vendors, type VendorDatabase } from '../cli/vendor.ts'
import { subjects } from '../cli/witness.ts'
import { dropDatabase, runSql } from '../support/databases.ts'
import { servers } from '../support/servers.ts'

const script = (owner: string) => `
CREATE TABLE readings (id int PRIMARY KEY, v int) PARTITION BY RANGE (id)
  (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));
CREATE TABLE visits (id int PRIMARY KEY AUTO_INCREMENT) PARTITION BY RANGE (id)
  (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));
CREATE TABLE logs (id int PRIMARY KEY) PARTITION BY LIST (id) (PARTITION p0 VALUES IN (1));
CREATE DEFINER=${owner} VIEW latest AS SELECT id FROM readings;
CREATE DEFINER=${owner} PROCEDURE tidy() SQL SECURITY INVOKER DELETE FROM readings;
CREATE DEFINER=${owner} TRIGGER before_reading BEFORE INSERT ON readings FOR EACH ROW SET NEW.v = NEW.v;
CREATE DEFINER=${owner} EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2031-01-01 00:00:00' DISABLE DO DO 1;
INSERT INTO readings VALUES (1, 1), (12, 2);
INSERT INTO visits VALUES (3), (15);
`

const addPartitions = `ALTER TABLE readings ADD PARTITION (PARTITION p2 VALUES LESS THAN (30));
ALTER TABLE visits ADD PARTITION (PARTITION p2 VALUES LESS THAN (30));
ALTER TABLE logs ADD PARTITION (PARTITION p1 VALUES IN (2));
INSERT INTO visits VALUES (25);`

const withPartitions = vendors.filter(({ fixture }) => fixture === 'mysql.sql')

describe.each(withPartitions)('policies for definitions on $name', (vendor) => {
  const server = () => servers()[vendor.name === 'mysql' ? 'mysql' : 'mariadb']
  const setUp = async (newProject: (sql?: string, settings?: string) => Promise<Project>) => {
    const original = await vendor.create()
    const user = `owner_${randomBytes(4).toString('hex')}`
    const [owner, next] = [`\`${user}\`@\`%\``, `\`${user}\`@localhost`] as const
    for (const account of [owner, next]) {
      runSql(server(), '', `CREATE USER ${account}; GRANT ALL ON *.* TO ${account};`)
    }
    original.runScript(script(owner))
    const project = await newProject('', '')
    const configure = (policies: string) => {
      const lists = 'global: [readings], local: [visits], ephemeral: [logs]'
      project.configure(
        `database: {url: "${original.url}", name: shop, ${lists}}\n${policies}restore: {allow_restore: true}\n${vendor.verifyBlock()}`,
      )
    }
    const remove = () => {
      original.remove()
      runSql(server(), '', `DROP USER ${owner}, ${next};`)
    }
    return { original, user, project, configure, remove }
  }

  const restored = async (project: Project, original: VendorDatabase, words: string[] = []) => {
    const copy = vendor.beside(original, `${original.name}_${randomBytes(3).toString('hex')}`)
    await project.succeed(['restore', '--to', copy.url, ...words])
    const dump = copy.dump()
    dropDatabase(server(), copy.name)
    return dump
  }

  test('one commit for a change of policy, none for partitions alone, and all come back', async ({
    newProject,
    onTestFinished,
  }) => {
    const { original, project, configure, remove } = await setUp(newProject)
    onTestFinished(remove)
    configure('')
    await project.run()
    expect(project.file('tables/readings.sql')).toContain('PARTITION BY RANGE')
    configure('partitions: rotate\n')
    await project.succeed()
    expect(subjects(project.shared)).toHaveLength(2)
    expect(project.file('tables/readings.sql')).not.toContain('PARTITION')
    const path = 'tables/logs.partitions.sql'
    expect(project.file(path)).toMatch(/^ALTER TABLE `logs`\s.*PARTITION BY LIST/)
    original.sql(addPartitions)
    await project.succeed()
    expect(subjects(project.shared)).toHaveLength(2)
    expect(project.file(path)).not.toContain('p1')
    const judged = await project.run(['verify'])
    expect(judged).toMatchObject({ status: 0, stderr: '' })
    original.sql('INSERT INTO readings VALUES (29, 3)')
    await project.succeed()
    expect(subjects(project.shared)).toHaveLength(3)
    expect(project.file(path)).toContain('p1')
    expect(await restored(project, original)).toEqual(original.dump())
    original.sql('ALTER TABLE logs REMOVE PARTITIONING')
    await project.succeed()
    expect(subjects(project.shared)).toHaveLength(4)
    expect(existsSync(join(project.shared, host, 'shop', path))).toBe(false)
  })

  test('partitions that come and go are in a script and in a structure alone', async ({
    newProject,
    onTestFinished,
  }) => {
    const { original, project, configure, remove } = await setUp(newProject)
    onTestFinished(remove)
    configure('partitions: rotate\n')
    await project.run()
    const { stdout } = await project.succeed(['export'])
    const copy = await vendor.create()
    onTestFinished(() => {
      copy.remove()
    })
    copy.runScript(stdout)
    expect(copy.dump()).toEqual(original.dump())
    const schemaOf = (dump: readonly string[]) =>
      dump
        .filter((line) => !line.startsWith('INSERT'))
        .map((line) => line.replace(/ AUTO_INCREMENT=\d+/, ''))
    const schemaOnly = await restored(project, original, ['--schema-only'])
    expect(schemaOf(schemaOnly)).toEqual(schemaOf(original.dump()))
    const environment = await vendor.environment()
    const judged = await project.run(['verify', '--vendor'], { environment })
    expect(judged).toMatchObject({ status: 0, stderr: '' })
  })

  test('what is stripped is no difference to verify, and a clone keeps all', async ({
    newProject,
    onTestFinished,
  }) => {
    const { original, user, project, configure, remove } = await setUp(newProject)
    onTestFinished(remove)
    const environment = await vendor.environment()
    const owned = [
      'views/latest.sql',
      'tables/readings.sql',
      'procedures/tidy.sql',
      'events/nightly.sql',
    ]
    const policies = [
      'definers: strip\nevent_starts: strip\npartitions: strip\n',
      `definers: {"${user}@%": "${user}@localhost"}\n`,
    ]
    for (const [index, text] of policies.entries()) {
      configure(text)
      await project.run()
      await project.succeed()
      expect(subjects(project.shared)).toHaveLength(index + 1)
      for (const path of owned) {
        const found = /DEFINER=`[^`]*`@`([^`]*)`/.exec(project.file(path))?.[1]
        expect(found, path).toBe(index === 0 ? undefined : 'localhost')
      }
      const judged = await project.run(['verify', '--vendor'], { environment })
      expect(judged).toMatchObject({ status: 0, stderr: '' })
      expect(judged.stdout).toContain('every byte the same')
    }
    original.sql('ALTER TABLE readings ADD COLUMN seen int')
    expect((await project.run(['verify', '--vendor'], { environment })).status).toBe(1)
    original.sql('ALTER TABLE readings DROP COLUMN seen')
    const copy = vendor.beside(original, vendor.withSuffix(original.name, 'kept'))
    await project.succeed(['clone', '--suffix', 'kept'])
    onTestFinished(() => {
      copy.remove()
    })
    expect(copy.dump()).toEqual(original.dump())
  })
})
