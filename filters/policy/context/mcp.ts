import { factClass, unavailable } from '../fact-class.js';
import type { McpOperation } from '../types.js';
import { convertIdentity } from './identity-values.js';
import { BODY_LEVELS, convertJson, longestList } from './json-values.js';
import type { OwnContext } from './types.js';

export function mcpContext({ mcp, identity, resource }: McpOperation): OwnContext {
  const value = new (factClass('Mcp'))({
    ...mcp,
    arguments: convertJson(mcp.arguments, BODY_LEVELS),
    params: convertJson(mcp.params, BODY_LEVELS),
    result: convertJson(mcp.result, BODY_LEVELS),
  });
  for (const name of ['arguments', 'params'] as const)
    if (mcp[name] === undefined) unavailable(value, name, `the ${name} are not known yet`);
  return {
    variables: { on: 'mcp', identity: convertIdentity(identity), resource, mcp: value },
    sizes: {
      statements: 0,
      statement: 0,
      longest: longestList([mcp.arguments, mcp.params, mcp.result]),
      groups: identity.groups.length,
      params: 0,
    },
  };
}
