import { createProject, deleteProject, renameProject } from '../../flows/teams/manage-project.ts';
import { listProjects, type Project } from '../../teams/projects.ts';
import { builder } from '../builder.ts';
import { requireViewer } from '../viewer.ts';
import { RemovedType, TeamType } from './team.ts';
import { pageArgs, teamPage } from './team-page.ts';

const ProjectType = builder.objectRef<Project>('Project');

ProjectType.implement({
  description: 'Something that a team works on.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID.' }),
    teamId: t.exposeID('teamId', { description: 'Whose it is.' }),
    name: t.exposeString('name', { description: 'What the project is called.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the project was made.' }),
  }),
});

builder.objectField(TeamType, 'projects', (t) =>
  t.field({
    type: [ProjectType],
    description: 'What the team works on, oldest first. Code: `invalid`.',
    args: pageArgs,
    resolve: (team, args, context) => teamPage(context, team, args, listProjects),
  }),
);

const CreateProjectInput = builder.inputType('CreateProjectInput', {
  description: 'The project to be.',
  fields: (t) => ({
    teamId: t.id({ required: true, description: 'In which team.' }),
    name: t.string({ required: true, description: 'At most 255 characters; surrounding spaces go.' }),
  }),
});

builder.mutationField('createProject', (t) =>
  t.field({
    type: ProjectType,
    description:
      'Makes a project in a team; for OWNER and ADMIN. Codes: `unauthenticated`, `required`, `max_length`, `invalid`, `rate_limited`, `not_found`, `insufficient_permissions`.',
    args: { input: t.arg({ type: CreateProjectInput, required: true, description: 'Team and name.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      createProject(deps, await requireViewer(caller), input),
  }),
);

const RenameProjectInput = builder.inputType('RenameProjectInput', {
  description: 'Which project, and how it is to be called.',
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'Which project.' }),
    name: t.string({ required: true, description: 'At most 255 characters; surrounding spaces go.' }),
  }),
});

builder.mutationField('renameProject', (t) =>
  t.field({
    type: ProjectType,
    description:
      'Gives a project another name; for OWNER and ADMIN of its team. Codes: `unauthenticated`, `required`, `max_length`, `invalid`, `rate_limited`, `not_found`, `insufficient_permissions`.',
    args: { input: t.arg({ type: RenameProjectInput, required: true, description: 'Project and name.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      renameProject(deps, await requireViewer(caller), input),
  }),
);

const DeleteProjectInput = builder.inputType('DeleteProjectInput', {
  description: 'Which project is to go.',
  fields: (t) => ({ projectId: t.id({ required: true, description: 'Which project.' }) }),
});

builder.mutationField('deleteProject', (t) =>
  t.field({
    type: RemovedType,
    description:
      'Deletes a project, for good; for OWNER and ADMIN of its team. Codes: `unauthenticated`, `invalid`, `not_found`, `insufficient_permissions`.',
    args: { input: t.arg({ type: DeleteProjectInput, required: true, description: 'The project.' }) },
    resolve: async (_root, { input }, { deps, caller }) =>
      deleteProject(deps, await requireViewer(caller), input),
  }),
);
