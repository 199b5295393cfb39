#!/usr/bin/env node
// Plain old JavaScript, so that an old Node.js can read it and say what it lacks.
var needed = [24, 0]
var found = process.versions.node.split('.').map(Number)
if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  process.stderr.write(
    'schema_backup needs Node.js ' +
      needed.join('.') +
      ' or newer; this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'Install a current Node.js, or put a newer one first on PATH.\n',
  )
  process.exit(2)
}
import('../dist/cli.js').catch(function (error) {
  process.stderr.write(String((error && error.stack) || error) + '\n')
  process.exit(2)
})
