/**
 * The `.gitattributes` at the top of the backup directory: git takes every file byte for byte, whatever the user's
 * `core.autocrlf` or attributes further up say, and still shows text as text in diffs.
 * Source: https://git-scm.com/docs/gitattributes
 */
export const attributesPath = '.gitattributes'
export const attributesContent =
  '# Written by schema_backup: git keeps every byte of these files as it is.\n' +
  '* -text -filter -ident !working-tree-encoding\n'
