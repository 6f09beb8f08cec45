#!/usr/bin/env node
/** The `fairway` command: installs what is missing, then becomes the pinned Node running src/main. */
import { ensureInstalled, fail, findNode, handOver, mainFile, nodeFlags } from './bootstrap.mjs'

const problem = await ensureInstalled({ includeDev: false })
if (problem !== undefined) fail(problem)
const found = findNode()
if (found.problem !== undefined) fail(found.problem)
handOver(found.node, [...nodeFlags(), mainFile(), ...process.argv.slice(2)])
