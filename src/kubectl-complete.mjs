#!/usr/bin/env node
/** `kubectl_complete-fairway`: what kubectl runs to complete `kubectl fairway …`. */
import { fail, findNode, handOver, mainFile, nodeFlags } from './bootstrap.mjs'

// Nothing is installed here: somebody is typing.
const found = findNode()
if (found.problem !== undefined) fail(found.problem)
handOver(found.node, [...nodeFlags(), mainFile(), '__complete', ...process.argv.slice(2)])
