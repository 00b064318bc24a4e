/** DDL, grants and the rest: what each statement works on; everything below is walked as well. */
import { carryKept, carryNames, carryRows, carryValue } from './carry.js';
import { EXTENSION_REACH, languageReaches } from './catalogue/reach.js';
import type { ObjectAccessKind, Reach } from './facts.js';
import { type Body, bodyOf, isRangeVar, itemsOf, listOf, optionsOf, qualified, scalarText, stringsOf, textOf, unwrap } from './node.js';
import { objectWord } from './nodes.js';
import { type Env, withScope } from './run.js';
import { starOf } from './scope.js';
import { roleName, variableSet } from './settings.js';
import { nestedNode } from './statement.js';
import { Taint } from './taint.js';
import { walk, walkFields } from './walk.js';
import { roleOptions, securityOption, weakenedByChange, weakenedByDrop, weakenedByFiring } from './weakening.js';

/** Rules know columns by their names: a new name of a column, a table or a schema may take it away from them. */
function noteNewName(body: Body, env: Env): void {
  const { schemaname, relname } = (body.relation ?? {}) as Body;
  const [schema, table, name, old] = [textOf(schemaname), textOf(relname), textOf(body.newname), textOf(body.subname)];
  const kind = textOf(body.renameType);
  if (kind === 'OBJECT_COLUMN') carryNames(env, { schema, table, column: old }, { schema, table, column: name });
  else if (kind === 'OBJECT_SCHEMA') carryNames(env, { schema: old, table: '', column: '*' }, { schema: name, table: '', column: '=' });
  else if (table !== '' && old === '') carryNames(env, { schema, table, column: '*' }, { schema, table: name, column: '=' });
}

/** ALTER COLUMN … TYPE … USING makes a column's values of others. */
function noteConverted(column: string, def: unknown, target: { schema: string; name: string }, env: Env): void {
  const taint = new Taint();
  walk(bodyOf(def, 'ColumnDef')?.raw_default, subjectEnv(target, env), 'expression', taint);
  carryValue(env, 'alter', { schema: target.schema, table: target.name, column }, taint);
}

/**
 * Columns that hold values of others, as the catalogue tells, and will be known for their own alone: of a table that is taken out of its parent, and a
 * generated one that becomes plain or is generated otherwise (a materialized view keeps what it was).
 */
function noteOnItsOwn(change: Body, target: { schema: string; name: string }, env: Env): void {
  const { schema, name: table } = target;
  const part = bodyOf(change.def, 'PartitionCmd')?.name as Body | undefined;
  if (change.subtype === 'AT_DropInherit') carryNames(env, { schema, table, column: '*' }, { schema, table, column: '=' });
  else if (change.subtype === 'AT_DetachPartition' && part !== undefined) {
    const own = { schema: textOf(part.schemaname), table: textOf(part.relname) };
    carryNames(env, { ...own, column: '*' }, { ...own, column: '=' });
  } else if (change.subtype === 'AT_DropExpression' || change.subtype === 'AT_SetExpression') {
    const column = { schema, table, column: textOf(change.name) };
    carryNames(env, column, column);
  }
}

type Handler = (body: Body, env: Env) => void;

/** Visits a statement that has no handler of its own elsewhere. */
export function utilityStatement(type: string, body: Body, env: Env): void {
  const handler = HANDLERS[type];
  if (handler !== undefined) handler(body, env);
  else walkFields(body, env, 'expression', undefined);
}

/** Notes a RangeVar body as an object; returns its names. */
function relation(value: unknown, type: string, access: ObjectAccessKind, env: Env): { schema: string; name: string } {
  const body = isRangeVar(value) ? value : (bodyOf(value, 'RangeVar') ?? {});
  const schema = textOf(body.schemaname);
  const name = textOf(body.relname);
  if (name !== '') env.facts.object(type, schema, name, access);
  return { schema, name };
}

/** Names as DROP, COMMENT and GRANT give them: String, List of String, TypeName, ObjectWithArgs, RangeVar. */
function namesOf(value: unknown): string[] {
  const node = unwrap(value);
  if (node === undefined) return Array.isArray(value) ? stringsOf(value) : [];
  const [type, body] = node;
  switch (type) {
    case 'String':
      return [textOf(body.sval)];
    case 'List':
      return itemsOf(value).map((item) => namesOf(item).join('.'));
    case 'TypeName':
      return stringsOf(body.names);
    case 'ObjectWithArgs':
      return stringsOf(body.objname);
    case 'RangeVar':
      return [textOf(body.schemaname), textOf(body.relname)].filter((name) => name !== '');
    case 'Integer':
    case 'Float':
      return [scalarText(value) ?? ''];
    case 'RoleSpec':
      return [roleName(body)];
    default:
      return [];
  }
}

/** Objects that are called by their names. */
const CALLED = new Set(['function', 'procedure', 'routine', 'aggregate']);

/** What a foreign table shows under names of its own is a table of another server, or a file. */
const FOREIGN = 'a foreign table shows rows of another server under names of its own';

/** Objects that stand inside another one: the last name is theirs, what is before names the relation. */
const INSIDE = new Set(['column', 'trigger', 'rule', 'policy', 'constraint', 'attribute', 'default']);

function namedObject(type: string, value: unknown, access: ObjectAccessKind, env: Env): void {
  const names = namesOf(value);
  if (names.length === 0) return;
  if (INSIDE.has(type) && names.length > 1) {
    const holder = qualified(names.slice(0, -1));
    env.facts.object('table', holder.schema, holder.name, access);
    env.facts.object(type, '', names[names.length - 1]!, access);
    if (type === 'column') env.facts.column(holder.schema, holder.name, names[names.length - 1]!, 'write');
    return;
  }
  const { schema, name } = qualified(names);
  env.facts.object(type, schema, name, access);
}

/** Defines the relation in `field`, then walks all else with that relation's columns in scope. */
function defines(type: string, field = 'relation'): Handler {
  return (body, env) => {
    const target = relation(body[field], type, 'define', env);
    walkFields(body, subjectEnv(target, env), 'expression', undefined, [field]);
  };
}

/** Conditions of policies, triggers, rules and indexes speak about one relation. */
function subjectEnv(target: { schema: string; name: string }, env: Env, extra: string[] = []): Env {
  if (target.name === '') return env;
  const outputs = [starOf({ schema: target.schema, table: target.name })];
  const items = [{ alias: target.name, schema: target.schema, outputs }];
  for (const alias of extra) items.push({ alias, schema: '', outputs });
  return withScope(env, { items, expansion: outputs, parent: undefined });
}

/** An object that is known by a plain name in `field`. */
function plain(type: string, field: string, reaches: readonly Reach[] = []): Handler {
  return (body, env) => {
    if (textOf(body[field]) !== '') env.facts.object(type, '', textOf(body[field]), 'define');
    for (const reach of reaches) env.facts.reach(reach);
    walkFields(body, env, 'expression', undefined);
  };
}

/** An object that is known by a list of names in `field`. */
function listed(type: string, field: string): Handler {
  return (body, env) => {
    const { schema, name } = qualified(stringsOf(body[field]));
    env.facts.object(type, schema, name, 'define');
    walkFields(body, env, 'expression', undefined);
  };
}

/** The statement calls a function, now or whenever it fires. */
function calls(names: unknown, env: Env): void {
  const { schema, name } = qualified(stringsOf(names));
  if (name !== '') env.facts.call(schema, name);
}

const REMOTE: readonly Reach[] = ['databases', 'network'];

const TRANSACTION_KINDS: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release',
  TRANS_STMT_ROLLBACK_TO: 'rollback_to',
  TRANS_STMT_PREPARE: 'prepare_transaction',
  TRANS_STMT_COMMIT_PREPARED: 'commit_prepared',
  TRANS_STMT_ROLLBACK_PREPARED: 'rollback_prepared',
};

const HANDLERS: Readonly<Record<string, Handler>> = {
  CreateStmt: (body, env) => {
    const target = relation(body.relation, 'table', 'define', env);
    walkFields(body, subjectEnv(target, env), 'expression', undefined, ['relation']);
  },
  AlterTableStmt: (body, env) => {
    const type = objectWord(textOf(body.objtype));
    env.facts.facts.object = type;
    const target = relation(body.relation, type, 'define', env);
    if (type !== 'table') env.facts.object('table', target.schema, target.name, 'define');
    for (const command of listOf(body.cmds)) {
      const change = bodyOf(command, 'AlterTableCmd');
      if (change !== undefined) weakenedByChange(change, env);
      if (change?.subtype === 'AT_GenericOptions' || change?.subtype === 'AT_AlterColumnGenericOptions') env.facts.opaque(FOREIGN);
      if (change?.subtype === 'AT_AlterColumnType') noteConverted(textOf(change.name), change.def, target, env);
      if (change !== undefined) noteOnItsOwn(change, target, env);
      const owner = change?.newowner as Body | undefined;
      if (owner !== undefined) env.facts.object('role', '', roleName(owner), 'grant');
    }
    walkFields(body, subjectEnv(target, env), 'expression', undefined, ['relation']);
  },
  CreateForeignTableStmt: (body, env) => {
    const base = (body.base ?? {}) as Body;
    const target = relation(base.relation, 'foreign_table', 'define', env);
    env.facts.object('server', '', textOf(body.servername), 'read');
    env.facts.opaque(FOREIGN);
    for (const reach of [...REMOTE, 'files'] as const) env.facts.reach(reach);
    walkFields(base, subjectEnv(target, env), 'expression', undefined, ['relation']);
    walk(body.options, env, 'expression', undefined);
  },
  IndexStmt: (body, env) => {
    const target = relation(body.relation, 'table', 'define', env);
    if (textOf(body.idxname) !== '') env.facts.object('index', '', textOf(body.idxname), 'define');
    walkFields(body, subjectEnv(target, env), 'expression', undefined, ['relation']);
  },
  CreateStatsStmt: (body, env) => {
    const { schema, name } = qualified(stringsOf(body.defnames));
    if (name !== '') env.facts.object('statistics', schema, name, 'define');
    const first = listOf(body.relations)[0];
    const target = relation(first, 'table', 'define', env);
    walkFields(body, subjectEnv(target, env), 'expression', undefined, ['relations']);
  },
  AlterStatsStmt: listed('statistics', 'defnames'),
  CreatePolicyStmt: (body, env) => policy(body, env),
  AlterPolicyStmt: (body, env) => policy(body, env),
  CreateTrigStmt: (body, env) => {
    const target = relation(body.relation, 'table', 'define', env);
    env.facts.object('trigger', '', textOf(body.trigname), 'define');
    calls(body.funcname, env);
    walkFields(body, subjectEnv(target, env, ['new', 'old']), 'predicate', undefined, ['relation', 'funcname', 'columns']);
  },
  CreateEventTrigStmt: (body, env) => {
    env.facts.object('event_trigger', '', textOf(body.trigname), 'define');
    calls(body.funcname, env);
  },
  AlterEventTrigStmt: (body, env) => {
    env.facts.object('event_trigger', '', textOf(body.trigname), 'define');
    weakenedByFiring(textOf(body.tgenabled), env);
  },
  RuleStmt: (body, env) => {
    const target = relation(body.relation, 'table', 'define', env);
    env.facts.object('rule', '', textOf(body.rulename), 'define');
    const own = subjectEnv(target, env, ['new', 'old']);
    walk(body.whereClause, own, 'predicate', undefined);
    // What an action gives back comes out of the statement that fires the rule, under that table's names.
    for (const action of listOf(body.actions)) {
      const outputs = nestedNode(action, own, 'rule')?.meaning.outputs ?? [];
      carryRows(env, 'rule', { schema: target.schema, table: target.name }, undefined, outputs, false);
    }
  },
  ViewStmt: (body, env) => {
    const { schema, name: table } = relation(body.view, 'view', 'define', env);
    if (body.replace === true) carryKept(env, { schema, table, column: '*' }, { schema, table, column: '=' });
    walk(body.options, env, 'expression', undefined);
    nestedNode(body.query, env, 'view');
  },
  CreateSchemaStmt: (body, env) => {
    const role = body.authrole as Body | undefined;
    env.facts.object('schema', '', textOf(body.schemaname) || (role === undefined ? '' : roleName(role)), 'define');
    for (const element of listOf(body.schemaElts)) nestedNode(element, env, 'schema_element');
  },
  CreateSeqStmt: defines('sequence', 'sequence'),
  AlterSeqStmt: defines('sequence', 'sequence'),
  CompositeTypeStmt: defines('type', 'typevar'),
  CreateEnumStmt: listed('type', 'typeName'),
  CreateRangeStmt: (body, env) => {
    listed('type', 'typeName')(body, env);
    functionsOfDefinition(body.params, env);
  },
  AlterEnumStmt: listed('type', 'typeName'),
  AlterTypeStmt: (body, env) => {
    listed('type', 'typeName')(body, env);
    functionsOfDefinition(body.options, env);
  },
  CreateDomainStmt: listed('domain', 'domainname'),
  AlterDomainStmt: listed('domain', 'typeName'),
  AlterCollationStmt: listed('collation', 'collname'),
  CreateConversionStmt: (body, env) => {
    listed('conversion', 'conversion_name')(body, env);
    calls(body.func_name, env);
  },
  CreateCastStmt: (body, env) => {
    const names = ['sourcetype', 'targettype'].map((field) => stringsOf((body[field] as Body | undefined)?.names).pop() ?? '');
    env.facts.object('cast', '', names.join(' as '), 'define');
    calls((body.func as Body | undefined)?.objname, env);
  },
  CreateTransformStmt: (body, env) => {
    env.facts.object('transform', '', stringsOf((body.type_name as Body | undefined)?.names).pop() ?? '', 'define');
    for (const reach of languageReaches(textOf(body.lang))) env.facts.reach(reach);
    calls((body.fromsql as Body | undefined)?.objname, env);
    calls((body.tosql as Body | undefined)?.objname, env);
  },
  CreateAmStmt: (body, env) => {
    env.facts.object('access_method', '', textOf(body.amname), 'define');
    env.facts.reach('code');
    calls(body.handler_name, env);
  },
  CreatePLangStmt: (body, env) => {
    env.facts.object('language', '', textOf(body.plname), 'define');
    for (const reach of languageReaches(textOf(body.plname))) env.facts.reach(reach);
    env.facts.reach('code');
    for (const field of ['plhandler', 'plinline', 'plvalidator']) calls(body[field], env);
  },
  CreateOpClassStmt: (body, env) => {
    listed('operator_class', 'opclassname')(body, env);
    functionsOfClass(body.items, env);
  },
  CreateOpFamilyStmt: listed('operator_family', 'opfamilyname'),
  AlterOpFamilyStmt: (body, env) => {
    listed('operator_family', 'opfamilyname')(body, env);
    functionsOfClass(body.items, env);
  },
  AlterOperatorStmt: (body, env) => {
    namedObject('operator', { ObjectWithArgs: body.opername }, 'define', env);
    functionsOfDefinition(body.options, env);
  },
  DefineStmt: (body, env) => {
    const type = objectWord(textOf(body.kind));
    env.facts.facts.object = type;
    namedObject(type, body.defnames, 'define', env);
    const { schema, name } = qualified(stringsOf(body.defnames));
    if (type === 'aggregate' || type === 'operator') env.facts.shadows(type, schema, name);
    functionsOfDefinition(body.definition, env);
    walk(body.args, env, 'expression', undefined);
  },
  AlterTSDictionaryStmt: listed('text_search_dictionary', 'dictname'),
  AlterTSConfigurationStmt: listed('text_search_configuration', 'cfgname'),
  AlterFunctionStmt: (body, env) => {
    const type = objectWord(textOf(body.objtype));
    env.facts.facts.object = type;
    namedObject(type, { ObjectWithArgs: body.func }, 'define', env);
    for (const [name, argument] of optionsOf(body.actions)) {
      const set = bodyOf(argument, 'VariableSetStmt');
      if (set !== undefined) variableSet(set, env, false);
      else if (name === 'security') securityOption(argument, env);
      else if (name === 'support') calls(itemsOf(argument), env);
    }
  },
  DropStmt: (body, env) => {
    const type = objectWord(textOf(body.removeType));
    env.facts.facts.object = type;
    weakenedByDrop(type, env);
    for (const object of listOf(body.objects)) {
      if (type === 'cast' || type === 'transform') env.facts.object(type, '', namesOf(object).join(' as '), 'define');
      // Access method and name stand in one list here, the method first.
      else if (type === 'operator_class' || type === 'operator_family')
        namedObject(type, stringNodes(namesOf(object).slice(1)), 'define', env);
      else namedObject(type, object, 'define', env);
    }
  },
  TruncateStmt: (body, env) => {
    env.facts.facts.writes = true;
    env.facts.facts.filtered = false;
    for (const item of listOf(body.relations)) relation(item, 'table', 'write', env);
  },
  RenameStmt: (body, env) => {
    const renamed = objectWord(textOf(body.renameType));
    onObject(body, renamed, 'define', env);
    noteNewName(body, env);
    if (CALLED.has(renamed)) env.facts.shadows(renamed, '', textOf(body.newname));
    const inside = textOf(body.subname);
    if (inside === '') return;
    if (body.relation !== undefined || INSIDE.has(renamed)) env.facts.object(renamed, '', inside, 'define');
    else if (body.object === undefined) env.facts.object(renamed, '', inside, 'define');
  },
  AlterObjectDependsStmt: (body, env) => onObject(body, objectWord(textOf(body.objectType)), 'define', env),
  AlterObjectSchemaStmt: (body, env) => {
    onObject(body, objectWord(textOf(body.objectType)), 'define', env);
    env.facts.object('schema', '', textOf(body.newschema), 'define');
    const { schemaname, relname } = (body.relation ?? {}) as Body;
    const from = { schema: textOf(schemaname), table: textOf(relname), column: '*' };
    if (from.table !== '') carryNames(env, from, { schema: textOf(body.newschema), table: from.table, column: '=' });
  },
  AlterOwnerStmt: (body, env) => {
    onObject(body, objectWord(textOf(body.objectType)), 'define', env);
    env.facts.object('role', '', roleName((body.newowner ?? {}) as Body), 'grant');
  },
  CommentStmt: (body, env) => about(body, env),
  SecLabelStmt: (body, env) => {
    about(body, env);
    env.facts.weakens('security_labels');
  },
  GrantStmt: (body, env) => grant(body, env),
  AlterDefaultPrivilegesStmt: (body, env) => {
    const facts = env.facts.facts;
    grant((body.action ?? {}) as Body, env);
    facts.kind = 'alter';
    facts.object = 'default_privileges';
  },
  GrantRoleStmt: (body, env) => {
    env.facts.facts.kind = body.is_grant === true ? 'grant' : 'revoke';
    env.facts.facts.writes = true;
    for (const role of listOf(body.granted_roles)) {
      const name = textOf(bodyOf(role, 'AccessPriv')?.priv_name) || namesOf(role).join('');
      env.facts.object('role', '', name, 'grant');
    }
    for (const role of listOf(body.grantee_roles)) namedObject('role', role, 'grant', env);
  },
  CreateRoleStmt: (body, env) => {
    env.facts.object('role', '', textOf(body.role), 'define');
    roleOptions(body.options, env);
  },
  AlterRoleStmt: (body, env) => {
    env.facts.object('role', '', roleName((body.role ?? {}) as Body), 'define');
    roleOptions(body.options, env);
  },
  DropRoleStmt: (body, env) => {
    for (const role of listOf(body.roles)) namedObject('role', role, 'define', env);
  },
  DropOwnedStmt: (body, env) => {
    for (const role of listOf(body.roles)) namedObject('role', role, 'define', env);
  },
  ReassignOwnedStmt: (body, env) => {
    for (const role of listOf(body.roles)) namedObject('role', role, 'define', env);
    env.facts.object('role', '', roleName((body.newrole ?? {}) as Body), 'grant');
  },
  CreatedbStmt: plain('database', 'dbname'),
  AlterDatabaseStmt: plain('database', 'dbname'),
  AlterDatabaseRefreshCollStmt: plain('database', 'dbname'),
  DropdbStmt: plain('database', 'dbname'),
  CreateTableSpaceStmt: plain('tablespace', 'tablespacename', ['files']),
  DropTableSpaceStmt: plain('tablespace', 'tablespacename'),
  AlterTableSpaceOptionsStmt: plain('tablespace', 'tablespacename'),
  AlterTableMoveAllStmt: (body, env) => {
    env.facts.facts.object = objectWord(textOf(body.objtype));
    env.facts.object('tablespace', '', textOf(body.orig_tablespacename), 'define');
    env.facts.object('tablespace', '', textOf(body.new_tablespacename), 'define');
  },
  CreateExtensionStmt: (body, env) => {
    const name = textOf(body.extname);
    env.facts.object('extension', '', name, 'define');
    for (const reach of EXTENSION_REACH.get(name.toLowerCase()) ?? []) env.facts.reach(reach);
    env.facts.reach('code');
    walk(body.options, env, 'expression', undefined);
  },
  AlterExtensionStmt: plain('extension', 'extname', ['code']),
  AlterExtensionContentsStmt: (body, env) => {
    env.facts.object('extension', '', textOf(body.extname), 'define');
    namedObject(objectWord(textOf(body.objtype)), body.object, 'define', env);
  },
  CreateFdwStmt: (body, env) => wrapper(body, env),
  AlterFdwStmt: (body, env) => wrapper(body, env),
  CreateForeignServerStmt: plain('server', 'servername', REMOTE),
  AlterForeignServerStmt: plain('server', 'servername', REMOTE),
  CreateUserMappingStmt: plain('server', 'servername', REMOTE),
  AlterUserMappingStmt: plain('server', 'servername', REMOTE),
  DropUserMappingStmt: plain('server', 'servername'),
  ImportForeignSchemaStmt: (body, env) => {
    env.facts.object('server', '', textOf(body.server_name), 'read');
    env.facts.object('schema', '', textOf(body.local_schema), 'define');
    env.facts.opaque(FOREIGN);
    for (const reach of [...REMOTE, 'files'] as const) env.facts.reach(reach);
    for (const table of listOf(body.table_list)) relation(table, 'foreign_table', 'define', env);
  },
  CreatePublicationStmt: (body, env) => publication(body, env),
  AlterPublicationStmt: (body, env) => publication(body, env),
  CreateSubscriptionStmt: plain('subscription', 'subname', ['replication', 'databases', 'network']),
  AlterSubscriptionStmt: plain('subscription', 'subname', ['replication', 'databases', 'network']),
  DropSubscriptionStmt: plain('subscription', 'subname', ['replication', 'network']),
  NotifyStmt: (body, env) => {
    env.facts.facts.name = textOf(body.conditionname);
    env.facts.reach('sessions');
  },
  ListenStmt: (body, env) => {
    env.facts.facts.name = textOf(body.conditionname);
  },
  UnlistenStmt: (body, env) => {
    env.facts.facts.name = textOf(body.conditionname) || '*';
  },
  TransactionStmt: (body, env) => {
    const facts = env.facts.facts;
    facts.kind = TRANSACTION_KINDS[textOf(body.kind)] ?? 'begin';
    facts.name = textOf(body.savepoint_name) || textOf(body.gid);
    if (TRANSACTION_KINDS[textOf(body.kind)] === undefined) env.facts.opaque('unknown transaction statement');
  },
  LoadStmt: (body, env) => {
    env.facts.facts.name = textOf(body.filename);
    env.facts.reach('code');
    env.facts.reach('files');
    env.facts.opaque('loads a library');
  },
  CheckPointStmt: (_body, env) => env.facts.reach('server'),
  LockStmt: (body, env) => {
    for (const item of listOf(body.relations)) relation(item, 'table', 'read', env);
  },
  ClusterStmt: (body, env) => {
    relation(body.relation, 'table', 'write', env);
  },
  VacuumStmt: (body, env) => {
    if (body.is_vacuumcmd !== true) env.facts.facts.kind = 'analyze';
    for (const item of listOf(body.rels)) {
      const vacuumed = bodyOf(item, 'VacuumRelation');
      relation(vacuumed?.relation, 'table', 'read', env);
    }
    walk(body.options, env, 'expression', undefined);
  },
  ReindexStmt: (body, env) => {
    const type = objectWord(textOf(body.kind));
    env.facts.facts.object = type;
    if (body.relation !== undefined) relation(body.relation, type, 'define', env);
    else if (textOf(body.name) !== '') env.facts.object(type, '', textOf(body.name), 'define');
  },
  RefreshMatViewStmt: (body, env) => {
    env.facts.facts.writes = true;
    relation(body.relation, 'materialized_view', 'write', env);
  },
  ConstraintsSetStmt: (body, env) => {
    env.facts.facts.setting = 'constraints';
    env.facts.facts.setting_value = body.deferred === true ? 'deferred' : 'immediate';
  },
};

function stringNodes(names: string[]): unknown[] {
  return names.map((sval) => ({ String: { sval } }));
}

function policy(body: Body, env: Env): void {
  const target = relation(body.table, 'table', 'define', env);
  env.facts.object('policy', '', textOf(body.policy_name), 'define');
  walkFields(body, subjectEnv(target, env), 'predicate', undefined, ['table']);
}

function onObject(body: Body, type: string, access: ObjectAccessKind, env: Env): void {
  env.facts.facts.object = type;
  if (body.relation === undefined) namedObject(type, body.object, access, env);
  else {
    const holder = INSIDE.has(type) ? 'table' : type;
    relation(body.relation, holder, access, env);
    if (holder === type && type !== 'table') relation(body.relation, 'table', access, env);
  }
}

function about(body: Body, env: Env): void {
  const type = objectWord(textOf(body.objtype));
  env.facts.facts.object = type;
  env.facts.facts.writes = true;
  namedObject(type, body.object, 'define', env);
}

function grant(body: Body, env: Env): void {
  const facts = env.facts.facts;
  facts.kind = body.is_grant === true ? 'grant' : 'revoke';
  facts.writes = true;
  const type = objectWord(textOf(body.objtype));
  facts.object = body.targtype === 'ACL_TARGET_ALL_IN_SCHEMA' ? 'schema' : type;
  for (const object of listOf(body.objects)) namedObject(facts.object, object, 'grant', env);
  for (const grantee of listOf(body.grantees)) namedObject('role', grantee, 'grant', env);
  for (const privilege of listOf(body.privileges)) {
    const columns = stringsOf(bodyOf(privilege, 'AccessPriv')?.cols);
    for (const object of columns.length > 0 ? listOf(body.objects) : []) {
      const { schema, name } = qualified(namesOf(object));
      for (const column of columns) env.facts.column(schema, name, column, 'write');
    }
  }
}

function wrapper(body: Body, env: Env): void {
  env.facts.object('foreign_data_wrapper', '', textOf(body.fdwname), 'define');
  env.facts.reach('code');
  for (const reach of REMOTE) env.facts.reach(reach);
  for (const [, argument] of optionsOf(body.func_options)) calls(itemsOf(argument), env);
}

function publication(body: Body, env: Env): void {
  env.facts.object('publication', '', textOf(body.pubname), 'define');
  env.facts.reach('replication');
  for (const item of listOf(body.pubobjects)) {
    const spec = bodyOf(item, 'PublicationObjSpec');
    const table = spec?.pubtable as Body | undefined;
    if (table !== undefined) {
      const target = relation(table.relation, 'table', 'read', env);
      for (const column of stringsOf(table.columns)) env.facts.column(target.schema, target.name, column, 'output');
      walk(table.whereClause, subjectEnv(target, env), 'predicate', undefined);
    } else if (textOf(spec?.name) !== '') env.facts.object('schema', '', textOf(spec?.name), 'read');
  }
}

/** Options of CREATE OPERATOR, AGGREGATE, TYPE, TEXT SEARCH PARSER … whose value is a function. */
const FUNCTION_OPTIONS = new Set(
  (
    'procedure function restrict join sfunc finalfunc combinefunc serialfunc deserialfunc msfunc minvfunc mfinalfunc sfunc1 ' +
    'input output receive send typmod_in typmod_out analyze subscript canonical subtype_diff start gettoken end lextypes headline init lexize'
  ).split(' '),
);

function functionsOfDefinition(list: unknown, env: Env): void {
  for (const [name, argument] of optionsOf(list)) {
    if (!FUNCTION_OPTIONS.has(name)) {
      walk(argument, env, 'expression', undefined);
      continue;
    }
    const type = bodyOf(argument, 'TypeName');
    const names = type === undefined ? namesOf(argument) : stringsOf(type.names);
    const called = qualified(names);
    if (called.name !== '' && called.name !== 'none') env.facts.call(called.schema, called.name);
  }
}

/** CREATE OPERATOR CLASS: item type 2 is a support function. */
function functionsOfClass(list: unknown, env: Env): void {
  for (const item of listOf(list)) {
    const body = bodyOf(item, 'CreateOpClassItem');
    const name = (body?.name ?? {}) as Body;
    if (body?.itemtype === 2) calls(name.objname, env);
    else if (body?.itemtype === 1) {
      const operator = qualified(stringsOf(name.objname));
      if (operator.name !== '') env.facts.operator(operator.schema, operator.name);
    }
  }
}
