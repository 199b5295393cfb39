import { expect, test } from 'vitest'
import { proposeCategory } from '../../src/config/propose.ts'

test.each([
  ['users', [], 'local'],
  ['user_types', [], 'local'],
  ['apiKeys', [], 'local'],
  ['oauth_access_tokens', [], 'local'],
  ['customer addresses', [], 'local'],
  ['order_history', [], 'local'],
  ['wp_options', ['option_name', 'option_value'], 'global'],
  ['settings', ['name', 'smtp_password'], 'local'],
  ['settings', ['name', 'apiKey'], 'local'],
  ['country_codes', ['code', 'contact_email'], 'local'],
  ['django_session', ['session_key'], 'ephemeral'],
  ['UserSessions', [], 'ephemeral'],
  ['query_caches', [], 'ephemeral'],
  ['audit.log', [], 'ephemeral'],
  ['job_queue', [], 'ephemeral'],
  ['countries', ['code', 'name'], 'global'],
  ['auth_permissions', ['codename'], 'global'],
  ['schema_migrations', ['version'], 'global'],
  ['film', ['title'], 'local'],
  ['完全', [], 'local'],
])('%s with columns %j is proposed as %s', (name, columns, category) => {
  expect(proposeCategory({ name, columns }).category).toBe(category)
})

test('what looks like a person, a secret or a session in a name or column is never global', () => {
  const words = 'user password token session email mail log cache queue secret login account phone'
  for (const word of words.split(' ')) {
    for (const name of [word, `${word}s`, `app_${word}_type`, `Config${word.toUpperCase()}`]) {
      expect(proposeCategory({ name, columns: [] }).category, name).not.toBe('global')
    }
  }
  for (const word of ['password', 'token', 'email', 'phone', 'secret', 'user_id', 'first_name']) {
    expect(proposeCategory({ name: 'settings', columns: ['id', word] }).category, word).toBe(
      'local',
    )
  }
})

test('a proposal says why, and what was not recognised says so', () => {
  expect(proposeCategory({ name: 'settings', columns: ['e_mail'] })).toEqual({
    category: 'local',
    reason: 'a column "e_mail"',
    sure: true,
  })
  expect(proposeCategory({ name: 'film', columns: [] }).sure).toBe(false)
})
