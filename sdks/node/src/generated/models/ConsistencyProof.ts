/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
/**
 * That a log continues an earlier one (RFC 6962 section 2.1.2).
 * @export
 * @interface ConsistencyProof
 */
export interface ConsistencyProof {
    /**
     * How many events a log has, or which of them, from 0.
     */
    from: number;
    /**
     * How many events a log has, or which of them, from 0.
     */
    to: number;
    /**
     * The hashes that show it, from the leaves up.
     */
    hashes: Array<string>;
    /**
     * A text and the lines that sign it (C2SP `signed-note`).
     */
    checkpoint: string;
}

/**
 * Check if a given object implements the ConsistencyProof interface.
 */
export function instanceOfConsistencyProof(value: object): value is ConsistencyProof {
    if (!('from' in value) || value['from'] === undefined) return false;
    if (!('to' in value) || value['to'] === undefined) return false;
    if (!('hashes' in value) || value['hashes'] === undefined) return false;
    if (!('checkpoint' in value) || value['checkpoint'] === undefined) return false;
    return true;
}

export function ConsistencyProofFromJSON(json: any): ConsistencyProof {
    return ConsistencyProofFromJSONTyped(json, false);
}

export function ConsistencyProofFromJSONTyped(json: any, ignoreDiscriminator: boolean): ConsistencyProof {
    if (json == null) {
        return json;
    }
    return {
        
        'from': json['from'],
        'to': json['to'],
        'hashes': json['hashes'],
        'checkpoint': json['checkpoint'],
    };
}

export function ConsistencyProofToJSON(json: any): ConsistencyProof {
    return ConsistencyProofToJSONTyped(json, false);
}

export function ConsistencyProofToJSONTyped(value?: ConsistencyProof | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'from': value['from'],
        'to': value['to'],
        'hashes': value['hashes'],
        'checkpoint': value['checkpoint'],
    };
}

