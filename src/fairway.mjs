#!/usr/bin/env node
/** The `fairway` command: installs what is missing, then becomes the pinned Node running src/main.ts. */
import path from 'node:path'
import { ensureInstalled, fail, findNode, handOver, nodeFlags, packageRoot } from './bootstrap.mjs'

const problem = await ensureInstalled({ includeDev: false })
if (problem !== undefined) fail(problem)
const found = findNode()
if (found.problem !== undefined) fail(found.problem)
handOver(found.node, [...nodeFlags(), path.join(packageRoot, 'src', 'main.ts'), ...process.argv.slice(2)])
