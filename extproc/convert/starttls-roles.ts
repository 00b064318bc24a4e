/** What Envoy asks for by the metadata `x-midstream-role`; without it the connection is inspected. */
export const roles = { agents: 'starttls-agents', agentsRequired: 'starttls-agents-required', server: 'starttls-server' } as const;
