import { expect, test } from 'vitest'
import { splitStatements } from '../../../src/engines/mysql/split.ts'

test.each([
  ['statements of any number on a line', 'a; b;\nc', ['a', 'b', 'c']],
  ['nothing', ' \n;;', []],
  ['comments alone', '-- a;\n# b;\n/* c; */;', []],
  ['a comment in front', '-- a;\nb;', ['-- a;\nb']],
  ['quotes', `a 'x;''y\\';' ";" \`;\`\`;\`; b;`, [`a 'x;''y\\';' ";" \`;\`\`;\``, 'b']],
  ['an executable comment', '/*!50100 SET a; */ b;', ['/*!50100 SET a', '*/ b']],
  ['a delimiter', 'DELIMITER ;;\nBEGIN; a; END\n;;\nDELIMITER ;\nb;', ['BEGIN; a; END', 'b']],
  ['a delimiter in lower case', ' delimiter $$ \na;b$$\ndelimiter ;\nc;', ['a;b', 'c']],
  ['a comment before a delimiter', '-- a\nDELIMITER $$\nb;$$', ['b;']],
  [
    'a body for NO_BACKSLASH_ESCAPES',
    "DELIMITER ;;\nRETURN 'a\\'; b\n;;\nDELIMITER ;\nc;",
    ["RETURN 'a\\'; b", 'c'],
  ],
  ['DELIMITER within a value', "a 'x\nDELIMITER $$\n'; b;", ["a 'x\nDELIMITER $$\n'", 'b']],
])('%s', (_, script, statements) => {
  expect(splitStatements(script)).toEqual(statements)
})
