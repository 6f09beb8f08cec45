/** The scripts in the shells that they are for, as somebody types into a terminal. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { scriptFor, shells, type Shell } from './scripts.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(path.join(tmpdir(), 'fairway-shells-'))
after(() => rmSync(folder, { recursive: true }))

const isThere = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined

/** What is typed, and the arguments that the program then gets. */
const typed: readonly (readonly [keys: string, args: string])[] = [
  ['fairway waypoint mirrors --output=js\t', 'waypoint mirrors --output=json'],
  ['fairway run -f objects/a-fi\t', 'run -f objects/a-file.yaml'],
  ['fairway run --filters objects/in\t', 'run --filters objects/inner'],
  ['fairway run --kubeconfig ~/kc --context arn:aw\t', 'run --kubeconfig HOME/kc --context arn:aws:eks:a'],
  // Whoever wrote the file does not get to run anything.
  ['fairway run --kubeconfig kc --context ev\t', 'run --kubeconfig kc --context evil $(touch ran)'],
  // Nothing comes of what cannot be meant, and what was typed stays.
  ['fairway run --access-log zz\t', 'run --access-log zz'],
]

const setUp = (): string => {
  const bin = path.join(folder, 'bin')
  mkdirSync(bin)
  mkdirSync(path.join(folder, 'objects', 'inner'), { recursive: true })
  writeFileSync(path.join(folder, 'objects', 'a-file.yaml'), '')
  const contexts = ['arn:aws:eks:a', 'evil $(touch ran)'].map((name) => ({ name, context: { cluster: 'x' } }))
  writeFileSync(path.join(folder, 'kc'), JSON.stringify({ contexts }))
  const program = path.join(bin, 'fairway')
  const main = path.join(root, 'src', 'main.ts')
  // Completion is the real thing; anything else is only told.
  writeFileSync(
    program,
    `#!/bin/sh\n[ "$1" = __complete ] && NODE_COMPILE_CACHE="${folder}/cache" exec "${process.execPath}" --disable-warning=ExperimentalWarning "${main}" "$@"\necho "<$*>" >>"${folder}/told"\n`,
  )
  chmodSync(program, 0o755)
  for (const shell of shells) writeFileSync(path.join(folder, shell), scriptFor(shell))
  return bin
}

const bin = setUp()

const sessions: Readonly<Record<Shell, { readonly command: string; readonly begin: string }>> = {
  bash: { command: 'bash --norc --noprofile -i', begin: 'source ./bash' },
  zsh: { command: 'zsh -f -i', begin: 'autoload -U compinit; compinit -u -D; source ./zsh' },
  fish: { command: 'fish --no-config --interactive', begin: 'source ./fish' },
}

/** Types into a shell in a terminal of its own, and gives what the program was told. */
const type = async (shell: Shell): Promise<readonly string[]> => {
  const { command, begin } = sessions[shell]
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: folder,
    env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: folder, TERM: 'dumb', LANG: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  let shown = ''
  child.stdout.on('data', (piece: Buffer) => (shown += piece.toString()))
  const lines = [begin, ...typed.map(([keys]) => keys), 'exit']
  child.stdin.write(lines.map((line) => `${line}\r`).join(''))
  const { promise, resolve } = Promise.withResolvers<void>()
  child.once('close', () => resolve())
  await promise
  const told = spawnSync('cat', ['told'], { cwd: folder }).stdout.toString()
  rmSync(path.join(folder, 'told'), { force: true })
  assert.notEqual(told, '', shown)
  return told.trim().split('\n')
}

const why = isThere('script') ? undefined : 'there is no program "script" to make a terminal'

describe('completion in a shell:', { concurrency: false }, () => {
  for (const shell of shells) {
    const skip = why ?? (isThere(shell) ? undefined : `${shell} is not installed`)
    it(shell, { ...(skip === undefined ? {} : { skip }), timeout: 60_000 }, async () => {
      const told = await type(shell)
      assert.deepEqual(
        told.map((line) => line.replace(/[ /]*>$/, '>')),
        typed.map(([, args]) => `<${args.replace('HOME', folder)}>`),
      )
      assert.ok(!existsSync(path.join(folder, 'ran')), 'a name of a context has been run')
    })
  }
})
