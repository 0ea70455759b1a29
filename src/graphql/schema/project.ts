import { createProject, deleteProject, renameProject } from '../../flows/teams/manage-project.ts';
import { listProjects, type Project } from '../../teams/projects.ts';
import { builder } from '../builder.ts';
import { paragraphs } from '../descriptions.ts';
import { requireViewer } from '../viewer.ts';
import { RemovedType, TeamType } from './team.ts';
import { pageArgs, teamPage } from './team-page.ts';

const ProjectType = builder.objectRef<Project>('Project');

ProjectType.implement({
  description: 'A project of a team.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id of the project, a UUID.' }),
    teamId: t.exposeID('teamId', { description: 'The id of the team that the project belongs to.' }),
    name: t.exposeString('name', { description: 'The name of the project.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the project was created.' }),
  }),
});

builder.objectField(TeamType, 'projects', (t) =>
  t.field({
    type: [ProjectType],
    description: paragraphs(
      'The projects of the team, oldest first.',
      'Error codes: `invalid` (`first`, `after`).',
    ),
    args: pageArgs,
    resolve: (team, args, context) => teamPage(context, team, args, listProjects),
  }),
);

const CreateProjectInput = builder.inputType('CreateProjectInput', {
  description: 'Input of `createProject`: the team and the name of the project.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'The id of the team.' }),
    name: t.string({
      required: true,
      description: 'The name: 1 to 255 characters. The gateway removes surrounding spaces.',
    }),
  }),
});

builder.mutationField('createProject', (t) =>
  t.field({
    type: ProjectType,
    description: paragraphs(
      'Creates a project in a team. For OWNER and ADMIN.',
      'Error codes: `unauthenticated`, `required` (`name`), `max_length` (`name`), `invalid` (`teamId`, `name`), `rate_limited`, `not_found` (`teamId`), `insufficient_permissions`.',
    ),
    args: {
      input: t.arg({
        type: CreateProjectInput,
        required: true,
        description: 'The team and the name of the project.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) =>
      createProject(deps, await requireViewer(caller), input),
  }),
);

const RenameProjectInput = builder.inputType('RenameProjectInput', {
  description: 'Input of `renameProject`: the project and its new name.',
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'The id of the project.' }),
    name: t.string({
      required: true,
      description: 'The new name: 1 to 255 characters. The gateway removes surrounding spaces.',
    }),
  }),
});

builder.mutationField('renameProject', (t) =>
  t.field({
    type: ProjectType,
    description: paragraphs(
      'Renames a project. For OWNER and ADMIN of its team.',
      'Error codes: `unauthenticated`, `required` (`name`), `max_length` (`name`), `invalid` (`projectId`, `name`), `rate_limited`, `not_found` (`projectId`), `insufficient_permissions`.',
    ),
    args: {
      input: t.arg({
        type: RenameProjectInput,
        required: true,
        description: 'The project and its new name.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) =>
      renameProject(deps, await requireViewer(caller), input),
  }),
);

const DeleteProjectInput = builder.inputType('DeleteProjectInput', {
  description: 'Input of `deleteProject`: the project.',
  fields: (t) => ({ projectId: t.id({ required: true, description: 'The id of the project.' }) }),
});

builder.mutationField('deleteProject', (t) =>
  t.field({
    type: RemovedType,
    description: paragraphs(
      'Deletes a project, permanently. For OWNER and ADMIN of its team.',
      'Error codes: `unauthenticated`, `invalid` (`projectId`), `not_found` (`projectId`), `insufficient_permissions`.',
    ),
    args: { input: t.arg({ type: DeleteProjectInput, required: true, description: 'The project.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      deleteProject(deps, await requireViewer(caller), input),
  }),
);
