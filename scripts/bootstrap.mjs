#!/usr/bin/env node
/** What developers run: `node scripts/bootstrap.mjs test|test:long|test:faults|test:kube|check|bench|soak|fuzz|generate|build|site`, after the same set-up as `fairway`. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ensureInstalled, fail, findNode, handOver, nodeFlags, packageRoot } from '../src/bootstrap.mjs'
import { testReporters } from './test-reporters.mjs'

const TEST_FILES = ['src', 'filters', 'examples', 'scripts', 'test'].map((folder) => `${folder}/**/*.test.ts`)
/** What takes minutes and is no part of `npm test`, and what runs there in half of its forms (`workerCounts`). */
const LONG_TEST_FILES = ['test/**/*.long.ts', 'test/e2e/**/*.test.ts']
/** What a network can do to a waypoint; a part of `test:long`. */
const FAULT_TEST_FILES = 'test/faults/*.long.ts'
/** A single test that takes longer hangs. */
const TEST_TIMEOUT_MS = 300_000
const MAX_TEST_PROCESSES = 8
/**
 * What is right for a process that serves for weeks is not for one that ends in a second: those of the short suite compile
 * early and collect seldom, which takes a fifth of their CPU time off. The waypoints that they start have flags of their own.
 */
const SHORT_TEST_FLAGS = ['--maglev', '--max-semi-space-size=16']

const VERBS = {
  test: (node, args) => handOver(node, testArguments(args, { flags: SHORT_TEST_FLAGS })),
  'test:long': (node, args) => {
    process.env.FAIRWAY_TEST_LONG = '1'
    handOver(node, testArguments([...args, ...LONG_TEST_FILES], { concurrency: 1 }))
  },
  'test:faults': (node, args) => handOver(node, testArguments([...args, FAULT_TEST_FILES], { concurrency: 1 })),
  'test:kube': (node, args) => handOver(node, [...nodeFlags(), 'test/kube/main.ts', ...args]),
  check: (node, args) => check(node, args),
  bench: (node, args) => handOver(node, [...nodeFlags(), 'test/bench/main.ts', ...args]),
  soak: (node, args) => handOver(node, [...nodeFlags(), 'test/soak/main.ts', ...args]),
  fuzz: (node, args) => handOver(node, [...nodeFlags(), 'test/fuzz/main.ts', ...args]),
  build: (node, args) => handOver(node, [...nodeFlags(), 'scripts/build/main.ts', ...args]),
  generate: (node, args) => handOver(node, [...nodeFlags(), 'scripts/generate/main.ts', ...args]),
  site: (node, args) => handOver(node, [...nodeFlags(), 'scripts/site/main.ts', ...args]),
}

const [name, ...rest] = process.argv.slice(2)
const verb = VERBS[name]
if (verb === undefined) fail(`unknown verb ${name}: expected ${Object.keys(VERBS).join(', ')}`)
const problem = await ensureInstalled({ includeDev: true })
if (problem !== undefined) fail(problem)
const found = findNode()
if (found.problem !== undefined) fail(found.problem)
process.chdir(packageRoot)
verb(found.node, rest)

/** Files, folders and patterns among `args` stand instead of all tests; everything else is passed on. */
function testArguments(args, { concurrency = MAX_TEST_PROCESSES, flags = [] } = {}) {
  const isSelection = (arg) => !arg.startsWith('-') && (/\.test\.ts$|\*/.test(arg) || isFolder(arg))
  const selected = args.filter(isSelection).map((arg) => (isFolder(arg) ? path.join(arg, '**/*.test.ts') : arg))
  return [
    ...nodeFlags(flags),
    '--test',
    `--test-concurrency=${Math.min(os.availableParallelism?.() ?? os.cpus().length, concurrency)}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...testReporters(process.stdout.isTTY === true),
    ...args.filter((arg) => !isSelection(arg)),
    ...(selected.length > 0 ? selected : TEST_FILES),
  ]
}

function isFolder(arg) {
  return fs.statSync(arg, { throwIfNoEntry: false })?.isDirectory() === true
}

/** The gate. Every step runs, whatever became of those before it; `--without-tests` leaves the tests to the caller. */
function check(node, args) {
  const tool = (command) => path.join('node_modules', '.bin', command)
  const steps = [
    ['types', tool('tsc'), ['-p', '.']],
    ['lint', tool('oxlint'), ['--type-aware', '--deny-warnings', '--format=unix']],
    ['format', tool('oxfmt'), ['--check', '.']],
  ]
  const testArgs = args.filter((arg) => arg !== '--without-tests')
  if (testArgs.length === args.length) steps.push(['tests', node, testArguments(testArgs, { flags: SHORT_TEST_FLAGS })])
  // The tools are scripts that ask the environment for a Node; they shall get the pinned one.
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}` }
  const results = steps.map(([step, command, commandArgs]) => {
    process.stdout.write(`── ${step}\n`)
    const startedMs = Date.now()
    const done = spawnSync(command, commandArgs, { stdio: 'inherit', env })
    if (done.error !== undefined) process.stdout.write(`cannot run ${command}: ${done.error.message}\n`)
    return { step, isGood: done.status === 0, seconds: ((Date.now() - startedMs) / 1000).toFixed(1) }
  })
  process.stdout.write('── summary\n')
  for (const { step, isGood, seconds } of results) {
    process.stdout.write(`${isGood ? 'good  ' : 'FAILED'}  ${step.padEnd(8)} ${seconds.padStart(6)} s\n`)
  }
  process.exitCode = results.every((result) => result.isGood) ? 0 : 1
}
