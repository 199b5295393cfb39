import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { passwordFromCommand, redactSecrets } from '../../src/config/secret.ts'
import { configFile, expectedError, findingsOf, load, scratchDirectory } from './support.ts'

test('secrets are replaced in every form that they take, the longest first', () => {
  const text = 'a p"w b p%22w c p\\"w d p"w-long e'
  expect(redactSecrets(text, ['p"w', 'p"w-long', ''])).toBe('a *** b *** c *** d *** e')
  expect(redactSecrets('$& kept', ['x'])).toBe('$& kept')
})

test('a password comes from the URL, and then is known as a secret', async () => {
  const file = await configFile('database: mysql://u:p%40w@h/a?sslpassword=q\nhost: h\n')
  const { config } = await load(file)
  expect(await config.databases[0]?.password?.()).toBe('p@w')
  expect(config.secrets()).toEqual(['p@w', 'q'])
  expect(JSON.stringify(config)).not.toContain('p@w')
})

test('a password file is read without its line end, when only its owner can read it', async () => {
  const file = await configFile(
    'database: {url: "mysql://u@h/a", password_file: ../secret}\nhost: h\n',
  )
  const secret = join(file, '../../secret')
  const { config } = await load(file)
  const fetch = () => config.databases[0]?.password?.() ?? Promise.reject(new Error('no password'))

  expect(await expectedError(fetch())).toMatchObject({
    code: 'password-file-unreadable',
    status: 78,
  })
  await writeFile(secret, ' canary \r\n', { mode: 0o600 })
  expect(await fetch()).toBe(' canary ')
  expect(config.secrets()).toContain(' canary ')
  await chmod(secret, 0o640)
  const open = await expectedError(fetch())
  expect(open.code).toBe('password-file-open')
  expect(open.message).toContain('(mode 640)')
  expect(open.message).not.toContain('canary')
  await chmod(secret, 0o600)
  await writeFile(secret, '\n')
  expect((await expectedError(fetch())).code).toBe('password-file-empty')
})

test("a password command is the shell's, variables included", async () => {
  const file = await configFile(
    `database: {url: "mysql://u@h/a", password_command: 'printf "%s\\n" "\${WORD}" && pwd >&2'}\nhost: h\n`,
  )
  const { config } = await load(file, {
    environment: { WORD: "it's; $(id)", PATH: '/usr/bin:/bin' },
  })
  expect(await config.databases[0]?.password?.()).toBe("it's; $(id)")
})

test('a password command that fails, prints nothing or hangs is an error that quotes nothing', async () => {
  const directory = await scratchDirectory()
  const run = (command: string) =>
    passwordFromCommand(command, {
      environment: { PATH: '/usr/bin:/bin' },
      directory,
      timeoutSeconds: 0.3,
    })
  const failed = await expectedError(run('echo canary; echo canary >&2; exit 3'))
  expect(failed).toMatchObject({ code: 'password-command-failed', status: 78 })
  expect(failed.message).toBe('The password_command failed (status 3).')
  expect((await expectedError(run('true'))).message).toContain('printed nothing')
  const started = performance.now()
  // A grandchild keeps the pipe open.
  expect((await expectedError(run('sleep 5; echo x'))).message).toContain('longer than 0.3 seconds')
  expect(performance.now() - started).toBeLessThan(3000)
})

test('two passwords are refused', async () => {
  const message = await findingsOf(
    'database: {url: "mysql://u:p@h/a", password_file: x, password_command: y}\n',
  )
  expect(message).toContain(
    '1:17: expected one password, found the URL and `password_file` and `password_command`.',
  )
})
