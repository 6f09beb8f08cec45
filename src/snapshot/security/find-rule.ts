import { MATCHED_COMMA, glueOf } from '../../http/header-list.ts'
import { hashPiece, nextHash } from '../../lib/hash/piece-hash.ts'
import { matches } from './find-misfit.ts'
import type { Discriminator, RuleNode, RulePlan } from './policy-plans.ts'
import type { RequestFacts } from './request-facts.ts'
import type { Key } from './rule-keys.ts'

type Groups = ReadonlyMap<Key, RuleNode>
type Found = RulePlan | undefined

const SLASH = 47

/**
 * The first rule that matches; which of several is the same for the same rules, in whatever order they came. Allocates
 * nothing, unless a header field stands there twice.
 */
export const findRule = (node: RuleNode, facts: RequestFacts): Found => {
  if (node.kind === 'list') {
    for (const rule of node.rules) if (matches(rule, facts)) return rule
    return undefined
  }
  if (node.kind === 'parts') {
    for (const part of node.parts) {
      const found = findRule(part, facts)
      if (found !== undefined) return found
    }
    return undefined
  }
  const found = findInGroups(node.groups, node.by, facts)
  return found ?? (node.rest === undefined ? undefined : findRule(node.rest, facts))
}

/** A fact that is absent has no group. */
const findInGroups = (groups: Groups, by: Discriminator, facts: RequestFacts): Found => {
  const { request, source } = facts
  switch (by.kind) {
    case 'principal':
      return findIn(groups.get(source.principal ?? ''), facts)
    case 'namespace':
      return findIn(groups.get(source.namespace ?? ''), facts)
    case 'port':
      return findIn(groups.get(facts.destinationPort), facts)
    case 'path':
      return findIn(groups.get(request?.path ?? ''), facts)
    case 'method':
      return findIn(groups.get(request?.method ?? ''), facts)
    case 'host':
      return request && findIn(groups.get(hashPiece(request.authority, 0, request.authority.length)), facts)
    case 'leaf':
      return request && findIn(groups.get(leafKeyOf(request.path)), facts)
    case 'prefix':
      return request && findByPrefix(groups, request.path, facts)
    case 'header':
      return request && findByHeader(groups, by.name, facts)
  }
}

const findIn = (group: RuleNode | undefined, facts: RequestFacts): Found =>
  group === undefined ? undefined : findRule(group, facts)

/** Found by hand: `lastIndexOf` is C++. */
const leafKeyOf = (path: string): number => {
  let start = path.length
  while (start > 0 && path.charCodeAt(start - 1) !== SLASH) start--
  return hashPiece(path, start, path.length)
}

/** By every beginning that ends before a slash, the shortest first, and by the whole. */
const findByPrefix = (groups: Groups, path: string, facts: RequestFacts): Found => {
  let hash = 0
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i)
    if (code === SLASH && i > 0) {
      const found = findIn(groups.get(hash), facts)
      if (found !== undefined) return found
    }
    hash = nextHash(hash, code)
  }
  return findIn(groups.get(hash), facts)
}

/** By the value of a field; where there are several, by each of them and by all of them together. */
const findByHeader = (groups: Groups, name: string, facts: RequestFacts): Found => {
  const fields = facts.request?.headers.fields ?? []
  let all: string | undefined
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== name) continue
    const value = fields[i + 1] ?? ''
    const found = findIn(groups.get(value), facts)
    if (found !== undefined) return found
    all = all === undefined ? value : all + glueOf(name, MATCHED_COMMA) + value
  }
  return all === undefined ? undefined : findIn(groups.get(all), facts)
}
