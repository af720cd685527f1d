/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * What was checked. `audit` is whether events can be written, and `auditTree` whether they are taken into the log's tree and signed: while they are not, the server goes on, and what happens meanwhile can be removed unnoticed. `redis` is there when the server is configured with one, and `serving` when the server is about to stop: it still answers, and whoever distributes requests should send it no more.
 * @export
 */
export const HealthCheckName = {
    Database: 'database',
    ChangeFeed: 'changeFeed',
    SigningKeys: 'signingKeys',
    Audit: 'audit',
    AuditTree: 'auditTree',
    Redis: 'redis',
    Serving: 'serving',
} as const;
export type HealthCheckName = typeof HealthCheckName[keyof typeof HealthCheckName];


export function instanceOfHealthCheckName(value: any): boolean {
    for (const key in HealthCheckName) {
        if (Object.prototype.hasOwnProperty.call(HealthCheckName, key)) {
            if (HealthCheckName[key as keyof typeof HealthCheckName] === value) {
                return true;
            }
        }
    }
    return false;
}

export function HealthCheckNameFromJSON(json: any): HealthCheckName {
    return HealthCheckNameFromJSONTyped(json, false);
}

export function HealthCheckNameFromJSONTyped(json: any, ignoreDiscriminator: boolean): HealthCheckName {
    return json as HealthCheckName;
}

export function HealthCheckNameToJSON(value?: HealthCheckName | null): any {
    return value as any;
}

export function HealthCheckNameToJSONTyped(value: any, ignoreDiscriminator: boolean): HealthCheckName {
    return value as HealthCheckName;
}

