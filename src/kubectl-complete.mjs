#!/usr/bin/env node
/** `kubectl_complete-fairway`: what kubectl runs to complete `kubectl fairway …`. */
import path from 'node:path'
import { fail, findNode, handOver, nodeFlags, packageRoot } from './bootstrap.mjs'

// Nothing is installed here: somebody is typing.
const found = findNode()
if (found.problem !== undefined) fail(found.problem)
const main = path.join(packageRoot, 'src', 'main.ts')
handOver(found.node, [...nodeFlags(), main, '__complete', ...process.argv.slice(2)])
