import js from '@eslint/js'
import typescript from 'typescript-eslint'

export default typescript.config(
  { ignores: ['bin', 'dist', 'node_modules', 'schema_backup', 'coverage'] },
  js.configs.recommended,
  typescript.configs.strictTypeChecked,
  typescript.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] } },
    },
    rules: {
      // Numbers in messages are wanted: "3 rows" needs no String().
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of strings.' },
      ],
    },
  },
  {
    files: ['eslint.config.js', 'vitest*.config.ts', 'scripts/**/*.mjs'],
    extends: [typescript.configs.disableTypeChecked],
    rules: { 'no-restricted-syntax': 'off' },
  },
)
