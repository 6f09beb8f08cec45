/**
 * Guides are executed as they are printed: their commands in a shell, in a network of their own, so that the ports that they
 * name are free; what stands in `text` blocks has to be in what came out.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'

const root = path.resolve(import.meta.dirname, '..')

/** A part of a guide, in order. */
type Step =
  | { readonly kind: 'run'; readonly script: string }
  | { readonly kind: 'expect'; readonly lines: readonly string[] }
  | { readonly kind: 'write'; readonly file: string; readonly text: string }

const FENCE = /^```(\w+)\n([^]*?)^```$/gm

/** Blocks of `sh` are run, of `text` expected of those before, of anything else written to the file named before it. */
const readSteps = (page: string): readonly Step[] => {
  let from = 0
  return Array.from(page.matchAll(FENCE), ({ 1: language = '', 2: text = '', index, 0: whole }): Step => {
    const before = page.slice(from, index)
    from = index + whole.length
    if (language === 'sh') return { kind: 'run', script: text }
    if (language === 'text') return { kind: 'expect', lines: text.trimEnd().split('\n') }
    const file = Array.from(before.matchAll(/`([\w./-]+\.\w+)`/g)).at(-1)?.[1]
    assert.ok(file !== undefined, `which file is this? ${text.slice(0, 80)}`)
    return { kind: 'write', file, text }
  })
}

/** What stays is put into the background, and waited for; what it says goes to where the others' does. */
const START = /^(?:npx fairway run|node -e .*\.listen\()/

/** Where a server that is no waypoint listens, as `HOST/PORT`. */
const placeOf = (script: string): string => {
  const [, port, host = '127.0.0.1'] = /\.listen\((\d+)(?:, "([\d.]+)")?\)/.exec(script) ?? []
  return port === undefined ? '' : `${host}/${port}`
}

const scriptOf = (steps: readonly Step[], folder: string): string =>
  steps
    .map((step, i) => {
      switch (step.kind) {
        case 'write': {
          const kept = path.join(folder, `step-${i}`)
          writeFileSync(kept, step.text)
          return `mkdir -p "$(dirname '${step.file}')"; cp '${kept}' '${step.file}'`
        }
        case 'run':
          return START.test(step.script)
            ? `{ become; ${step.script.trim()} ; } >started-${i} 2>&1 &\nawait_start started-${i} ${placeOf(step.script)}`
            : step.script
        case 'expect':
          return `echo '@@${i}'`
      }
    })
    .join('\n')

const PRELUDE = `set -u
npx() { shift; "${process.execPath}" "${root}/src/fairway.mjs" "$@"; }
node() { "${process.execPath}" "$@"; }
# The shell is no longer between: who is started is who is ended, and waited for.
become() {
  npx() { shift; exec "${process.execPath}" "${root}/src/fairway.mjs" "$@"; }
  node() { exec "${process.execPath}" "$@"; }
}
await_start() {
  for i in $(seq 400); do
    if [ $# = 1 ]; then grep -q '"ready"' "$1" && return
    else (: </dev/tcp/"$2") 2>/dev/null && return
    fi
    sleep 0.05
  done
  cat "$1"
}
# Each of those that stay has a process group of its own, so that what it has started ends with it.
set -m
end_started() {
  for pid in $(jobs -p); do
    kill -- "-$pid"
    for i in $(seq 600); do kill -0 -- "-$pid" || break; sleep 0.05; done
    kill -9 -- "-$pid"
  done 2>/dev/null
}
trap end_started EXIT
exec 2>&1
`

/** How to have a network of one's own, as root or not; `undefined` where that is not to be had. */
const network = (): readonly string[] | undefined => {
  const script = 'ip link set lo up'
  return [
    ['unshare', '--net'],
    ['unshare', '--user', '--map-root-user', '--net'],
  ].find(([program = '', ...args]) => spawnSync(program, [...args, 'sh', '-c', script]).status === 0)
}

/** Each line is there, in order; `…` stands for anything on it, and spaces for as many. */
const assertLines = (output: string, lines: readonly string[], stderr: string): void => {
  let at = 0
  for (const line of lines) {
    const words = line
      .split(/(…| +)/)
      .map((part) => (part === '…' ? '.*' : /^ +$/.test(part) ? ' +' : RegExp.escape(part)))
    const found = new RegExp(`^${words.join('')}`, 'm').exec(output.slice(at))
    assert.ok(found !== null, `${JSON.stringify(line)} is not in what came out:\n${output}\n${stderr}`)
    at += found.index + found[0].length
  }
}

/** Processes that work in a folder, where there is a list of processes. */
const processesIn = (folder: string): readonly string[] =>
  globSync('/proc/[0-9]*/cwd').filter((link) => {
    try {
      return readlinkSync(link).startsWith(folder)
    } catch {
      return false
    }
  })

const isolated = network()

/** Those whose commands are `sh`; what needs a cluster or a shell of the reader's own is not. */
const guides = globSync('docs/guides/*.md', { cwd: root }).filter((page) =>
  /^```sh$/m.test(readFileSync(path.join(root, page), 'utf8')),
)

it('there are guides to execute', () => assert.ok(guides.includes(path.join('docs', 'guides', 'first-filter.md'))))

for (const page of guides) {
  describe(page, { skip: isolated === undefined ? 'there is no way to a network of its own' : false }, () => {
    it('works as it is printed', () => {
      const steps = readSteps(readFileSync(path.join(root, page), 'utf8'))
      assert.ok(steps.some(({ kind }) => kind === 'expect'))
      const folder = mkdtempSync(path.join(tmpdir(), 'fairway-guide-'))
      try {
        const work = path.join(folder, 'work')
        mkdirSync(work)
        const file = path.join(folder, 'guide.sh')
        writeFileSync(file, `${PRELUDE}ip link set lo up\n${scriptOf(steps, folder)}\n`)
        const [program = '', ...args] = isolated ?? []
        const { NODE_TEST_CONTEXT: _, ...env } = process.env
        const done = spawnSync(program, [...args, 'bash', file], { cwd: work, env, encoding: 'utf8', timeout: 280_000 })
        assert.equal(done.signal, null, done.stdout)
        assert.deepEqual(processesIn(work), [], 'nothing is left running')
        const outputs = done.stdout.split(/^@@(\d+)\n/m)
        for (const [i, step] of steps.entries()) {
          if (step.kind === 'expect')
            assertLines(outputs[outputs.indexOf(String(i)) - 1] ?? '', step.lines, done.stderr)
        }
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  })
}
