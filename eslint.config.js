import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const ENDS_THE_PROCESS = {
  selector: "CallExpression[callee.object.name='process'][callee.property.name='exit']",
  message: 'Only the porch (main.ts, cli.ts) ends the process.',
}
const ELAPSED_TIME = {
  selector:
    "CallExpression[callee.name='expect'] BinaryExpression[operator='-'] CallExpression[callee.property.name='now']",
  message: 'A test gives the same answer at any load: expect nothing of the time that passed.',
}

export default defineConfig(
  globalIgnores(['dist/', 'node_modules/', 'coverage/']),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', '.dependency-cruiser.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { varsIgnorePattern: '^_', argsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      'no-console': 'error',
      'no-restricted-syntax': ['error', ENDS_THE_PROCESS],
    },
  },
  {
    files: [
      'src/cli.ts',
      'src/main.ts',
      'scripts/**',
      'test/bench/**',
      'test/drills/**',
      'test/fuzz/run.ts',
      'test/corpus.ts',
      'test/live/**',
    ],
    rules: { 'no-console': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    files: ['test/**/*.test.ts'],
    ignores: ['test/live/**'],
    rules: { 'no-restricted-syntax': ['error', ENDS_THE_PROCESS, ELAPSED_TIME] },
  },
  {
    files: ['test/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', '@typescript-eslint/no-empty-function': 'off' },
  },
  { files: ['eslint.config.js', '.dependency-cruiser.js'], extends: [tseslint.configs.disableTypeChecked] },
  {
    // Runs in a browser, as it is.
    files: ['src/sandbox/slack/page/page.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      parserOptions: { projectService: false, project: null },
      globals: Object.fromEntries(
        [
          'CSS',
          'EventSource',
          'HTMLSelectElement',
          'Node',
          'document',
          'fetch',
          'location',
          'performance',
          'window',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
)
