/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * Where an agent runs.
 * @export
 */
export const DeploymentEnv = {
    Development: 'development',
    Staging: 'staging',
    Production: 'production',
} as const;
export type DeploymentEnv = typeof DeploymentEnv[keyof typeof DeploymentEnv];


export function instanceOfDeploymentEnv(value: any): boolean {
    for (const key in DeploymentEnv) {
        if (Object.prototype.hasOwnProperty.call(DeploymentEnv, key)) {
            if (DeploymentEnv[key as keyof typeof DeploymentEnv] === value) {
                return true;
            }
        }
    }
    return false;
}

export function DeploymentEnvFromJSON(json: any): DeploymentEnv {
    return DeploymentEnvFromJSONTyped(json, false);
}

export function DeploymentEnvFromJSONTyped(json: any, ignoreDiscriminator: boolean): DeploymentEnv {
    return json as DeploymentEnv;
}

export function DeploymentEnvToJSON(value?: DeploymentEnv | null): any {
    return value as any;
}

export function DeploymentEnvToJSONTyped(value: any, ignoreDiscriminator: boolean): DeploymentEnv {
    return value as DeploymentEnv;
}

