import { readConnection, readSourceCustomization } from '../format/objects.ts';
import { requireKey, requireText } from '../format/parse.ts';
import type { Source } from '../metadata-types.ts';
import { cascadeOrRefuse, joinsTo } from './dependents.ts';
import { alreadyExists, build, type Commands, type Draft, notExists, SUCCESS } from './draft.ts';

// Sources (hasura/README.md, "Commands of the metadata API").

const without = (source: Source, key: keyof Source): Source => {
  const { [key]: _, ...others } = source;
  return others as Source;
};

function replaceSource(draft: Draft, source: Source): void {
  const others = draft.metadata.sources.filter(({ name }) => name !== source.name);
  draft.metadata.sources = [...others, source];
}

export const SOURCE_COMMANDS: Commands = {
  /** Only among sources that answer: one that is down is overwritten with its tables. */
  async pg_add_source(draft, args) {
    const name = requireText(args, 'name');
    const configuration = readConnection(requireKey(args, 'configuration', '$.args'), '$.args.configuration');
    const customization = readSourceCustomization(args.customization);
    const known = draft.metadata.sources.find((source) => source.name === name);
    const isHealthy = draft.state.sources.has(name);
    if (isHealthy && args.replace_configuration !== true)
      throw alreadyExists(`source with name "${name}" already exists`);
    const kept =
      isHealthy && known !== undefined
        ? without(known, 'customization')
        : { name, kind: 'postgres', tables: [] };
    replaceSource(draft, { ...kept, configuration, ...(customization && { customization }) });
    await build(draft, `source ${name}`, { sources: [name] });
    return SUCCESS;
  },

  /** Changes the given keys only. */
  async pg_update_source(draft, args) {
    const name = requireText(args, 'name');
    const known = draft.metadata.sources.find((source) => source.name === name);
    if (known === undefined) throw notExists(`source with name "${name}" does not exist`);
    const customization = readSourceCustomization(args.customization);
    replaceSource(draft, {
      ...known,
      ...(args.configuration !== undefined && {
        configuration: readConnection(args.configuration, '$.args.configuration'),
      }),
      ...(customization && { customization }),
    });
    await build(draft, `source ${name}`, { sources: [name] });
    return SUCCESS;
  },

  async pg_drop_source(draft, args) {
    const name = requireText(args, 'name');
    const known = draft.metadata.sources.find((source) => source.name === name);
    if (known === undefined) throw notExists(`source with name "${name}" does not exist`);
    const outside = joinsTo(draft.metadata, ({ source }) => source === name);
    cascadeOrRefuse(outside, args.cascade);
    for (const { event_triggers: triggers = [] } of known.tables)
      for (const trigger of triggers)
        draft.effects.push(`event trigger ${trigger.name}: dropped, its events are gone`);
    draft.metadata.sources = draft.metadata.sources.filter((source) => source.name !== name);
    await build(draft, null);
    return SUCCESS;
  },
};
