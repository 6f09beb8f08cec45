/** What a module exports, with its doc comments, as TypeScript itself sees it. */
import { API, SymbolFlags, type Checker, type Symbol as ApiSymbol } from 'typescript/unstable/sync'
import { SyntaxKind, type Node } from 'typescript/unstable/ast'

/** One export of a module. */
export interface ApiEntry {
  readonly name: string
  /** As it is declared, without comments, bodies and members: `interface Exchange`. */
  readonly signature: string
  /** Paragraphs of its doc comment. */
  readonly comment: string
  readonly members: readonly ApiMember[]
  /** Exports of a module that is exported under a name: `schema`. */
  readonly entries: readonly ApiEntry[]
}

/** A field or method. */
export interface ApiMember {
  /** `readonly status: number` */
  readonly signature: string
  readonly comment: string
}

/** Reads what some modules export: what they declare themselves, in order, then what they pass on. */
export const readApi = (root: string, files: readonly string[]): readonly (readonly ApiEntry[])[] => {
  const api = new API({ cwd: root })
  try {
    const project = api.updateSnapshot({ openProjects: [`${root}/tsconfig.json`] }).getProjects()[0]
    if (project === undefined) throw new Error(`${root}/tsconfig.json is no project`)
    return files.map((name) => {
      const file = project.program.getSourceFile(`${root}/${name}`)
      const module = file === undefined ? undefined : project.checker.getSymbolAtLocation(file)
      if (module === undefined) throw new Error(`${name} is no module of the project`)
      return readExports(module, project.checker)
    })
  } finally {
    api.close()
  }
}

const readExports = (module: ApiSymbol, checker: Checker): readonly ApiEntry[] =>
  checker
    .getExportsOfModule(module)
    .map((symbol) => ({ symbol, at: symbol.declarations[0]?.resolve()?.pos ?? 0, isOwn: !isAlias(symbol) }))
    .toSorted((a, b) => Number(b.isOwn) - Number(a.isOwn) || a.at - b.at)
    .map(({ symbol }) => readEntry(symbol, checker))

const isAlias = (symbol: ApiSymbol): boolean => (symbol.flags & SymbolFlags.Alias) !== 0

const readEntry = (symbol: ApiSymbol, checker: Checker): ApiEntry => {
  const target = isAlias(symbol) ? checker.getAliasedSymbol(symbol) : symbol
  const node = target.declarations[0]?.resolve()
  if (node === undefined) throw new Error(`${symbol.name} is declared nowhere`)
  const isModule = node.kind === SyntaxKind.SourceFile
  return {
    name: symbol.name,
    signature: isModule ? `namespace ${symbol.name}` : signatureOf(target.name, node, checker),
    comment: isModule ? commentAbove(symbol) : checker.getDocumentationCommentOfSymbol(target),
    members: membersOf(node, checker),
    entries: isModule ? readExports(target, checker) : [],
  }
}

/** Of `export * as schema`, which has a comment of its own. */
const commentAbove = (symbol: ApiSymbol): string => {
  const node = symbol.declarations[0]?.resolve()
  const statement = node?.parent
  const text = statement?.getSourceFile().text.slice(statement.pos, statement.getStart()) ?? ''
  return (/\/\*\*(?<text>[^]*?)\*\/\s*$/.exec(text)?.groups?.['text'] ?? '').replaceAll(/^\s*\* ?/gm, '').trim()
}

const signatureOf = (name: string, node: Node, checker: Checker): string => {
  if (node.kind === SyntaxKind.VariableDeclaration) return valueSignature(name, node, checker)
  const text = plain(node.getText())
  if (node.kind === SyntaxKind.TypeAliasDeclaration) return text.replace(/^export /, '')
  // What stands in braces are the members, which have lines of their own.
  return text.replace(/^export /, '').replace(/\s*\{[^]*$/, '')
}

/** A function as it is written, up to its body; any other value by its type. */
const valueSignature = (name: string, node: Node, checker: Checker): string => {
  const written = plain(node.getText())
  const head = /^[\w$]+(?:: (?<type>[^=]+?))? = (?<rest>(?:async )?(?:<.*?>)?\(.*)$/.exec(written)
  const arrow = head?.groups?.['rest'] === undefined ? -1 : findArrow(head.groups['rest'])
  if (head?.groups?.['rest'] !== undefined && arrow > 0) {
    return `${name}${head.groups['rest']
      .slice(0, arrow)
      .replace(/^async /, '')
      .trim()}`
  }
  const symbol = checker.getSymbolAtLocation(node)
  const type = symbol === undefined ? checker.getTypeAtLocation(node) : checker.getTypeOfSymbol(symbol)
  return type === undefined ? name : `${name}: ${checker.typeToString(type)}`
}

/** Where the arrow of a function stands: the first one that is in no bracket. */
const findArrow = (text: string): number => {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    if (text.startsWith('=>', i)) {
      if (depth === 0) return i
      i++
    } else if ('([{<'.includes(text[i] ?? '')) depth++
    else if (')]}>'.includes(text[i] ?? '')) depth--
  }
  return -1
}

const membersOf = (node: Node, checker: Checker): readonly ApiMember[] => {
  if (node.kind !== SyntaxKind.InterfaceDeclaration && node.kind !== SyntaxKind.ClassDeclaration) return []
  const members: Node[] = []
  node.forEachChild((child) => {
    if (isMember(child) && !child.getText().startsWith('#')) members.push(child)
    return undefined
  })
  return members.flatMap((member) => {
    const signature = memberSignature(member)
    if (/^(?:readonly )?#/.test(signature)) return []
    const symbol = nameSymbol(member, checker)
    if (symbol?.getJsDocTags(checker).some(({ name }) => name === 'internal') === true) return []
    return [{ signature, comment: symbol === undefined ? '' : checker.getDocumentationCommentOfSymbol(symbol) }]
  })
}

const isMember = ({ kind }: Node): boolean => memberKinds.has(kind)

const memberKinds: ReadonlySet<SyntaxKind> = new Set([
  ...[SyntaxKind.PropertySignature, SyntaxKind.MethodSignature, SyntaxKind.CallSignature, SyntaxKind.IndexSignature],
  ...[SyntaxKind.PropertyDeclaration, SyntaxKind.MethodDeclaration, SyntaxKind.GetAccessor],
])

const nameSymbol = (member: Node, checker: Checker): ApiSymbol | undefined => {
  let found: ApiSymbol | undefined
  member.forEachChild((child) => {
    if (found === undefined && child.kind === SyntaxKind.Identifier) found = checker.getSymbolAtLocation(child)
    return undefined
  })
  return found
}

/** Without a body, and without what a field begins with. */
const memberSignature = (member: Node): string => {
  let bodyAt = -1
  member.forEachChild((child) => {
    if (child.kind === SyntaxKind.Block) bodyAt = child.getStart()
    return undefined
  })
  const text = member.getText()
  const declared = bodyAt < 0 ? text : text.slice(0, bodyAt - member.getStart())
  return plain(declared)
    .replace(/ = [^>][^]*$/, '')
    .replace(/;$/, '')
    .trim()
}

/** On one line, without comments. */
const plain = (text: string): string =>
  text
    .replaceAll(/\/\*[^]*?\*\//g, '')
    .replaceAll(/\/\/.*$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/= \| /g, '= ')
    .replaceAll(/\( /g, '(')
    .replaceAll(/,? \)/g, ')')
    .trim()
