/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * Whether something works. `degraded` is what the server can do its work without, if more slowly or with less, and the server while it does.
 * @export
 */
export const HealthStatus = {
    Ok: 'ok',
    Degraded: 'degraded',
    Unavailable: 'unavailable',
} as const;
export type HealthStatus = typeof HealthStatus[keyof typeof HealthStatus];


export function instanceOfHealthStatus(value: any): boolean {
    for (const key in HealthStatus) {
        if (Object.prototype.hasOwnProperty.call(HealthStatus, key)) {
            if (HealthStatus[key as keyof typeof HealthStatus] === value) {
                return true;
            }
        }
    }
    return false;
}

export function HealthStatusFromJSON(json: any): HealthStatus {
    return HealthStatusFromJSONTyped(json, false);
}

export function HealthStatusFromJSONTyped(json: any, ignoreDiscriminator: boolean): HealthStatus {
    return json as HealthStatus;
}

export function HealthStatusToJSON(value?: HealthStatus | null): any {
    return value as any;
}

export function HealthStatusToJSONTyped(value: any, ignoreDiscriminator: boolean): HealthStatus {
    return value as HealthStatus;
}

