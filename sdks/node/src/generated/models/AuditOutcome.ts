/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * How it ended. `denied` is a refusal, `failure` a fault. No event has `failure` so far: what fails is undone together with
 * its event, it is answered 500 or 503, and the server's own log has it; most often the fault is that of the database
 * which an event would have to be written to.
 * 
 * @export
 */
export const AuditOutcome = {
    Success: 'success',
    Denied: 'denied',
    Failure: 'failure',
} as const;
export type AuditOutcome = typeof AuditOutcome[keyof typeof AuditOutcome];


export function instanceOfAuditOutcome(value: any): boolean {
    for (const key in AuditOutcome) {
        if (Object.prototype.hasOwnProperty.call(AuditOutcome, key)) {
            if (AuditOutcome[key as keyof typeof AuditOutcome] === value) {
                return true;
            }
        }
    }
    return false;
}

export function AuditOutcomeFromJSON(json: any): AuditOutcome {
    return AuditOutcomeFromJSONTyped(json, false);
}

export function AuditOutcomeFromJSONTyped(json: any, ignoreDiscriminator: boolean): AuditOutcome {
    return json as AuditOutcome;
}

export function AuditOutcomeToJSON(value?: AuditOutcome | null): any {
    return value as any;
}

export function AuditOutcomeToJSONTyped(value: any, ignoreDiscriminator: boolean): AuditOutcome {
    return value as AuditOutcome;
}

