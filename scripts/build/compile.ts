import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

export interface CompileOptions {
  readonly out: string
  /** From the root of the repository. */
  readonly files: readonly string[]
  /** JavaScript without comments, or declarations with them. */
  readonly emits: 'code' | 'types'
}

/**
 * Runs the pinned TypeScript compiler over files of the repository at `root`, with its own tsconfig.json. Types are checked
 * by `npm run check`, and not again here. Throws what the compiler says.
 */
export const compile = async (root: string, { out, files, emits }: CompileOptions): Promise<void> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fairway-tsconfig-'))
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions: {
      ...{ noEmit: false, noCheck: true, rootDir: root, outDir: out, rewriteRelativeImportExtensions: true },
      ...{ typeRoots: [path.join(root, 'node_modules/@types')] },
      ...(emits === 'code' ? { removeComments: true } : { declaration: true, emitDeclarationOnly: true }),
    },
    files: files.map((file) => path.join(root, file)),
    include: [],
  }
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config))
  const manifest = createRequire(path.join(root, 'package.json')).resolve('typescript/package.json')
  const compiler = path.join(path.dirname(manifest), 'bin', 'tsc')
  try {
    await promisify(execFile)(process.execPath, [compiler, '-p', folder], { maxBuffer: 16 * 1024 * 1024 })
  } catch (error) {
    const said = typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : ''
    throw new Error(`the sources cannot be compiled:\n${said}`, { cause: error })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
