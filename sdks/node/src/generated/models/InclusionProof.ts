/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
/**
 * That an event is in the log (RFC 6962 section 2.1.1).
 * @export
 * @interface InclusionProof
 */
export interface InclusionProof {
    /**
     * An audit event's id (UUIDv7, so that ids sort by time).
     */
    eventId: string;
    /**
     * How many events a log has, or which of them, from 0.
     */
    leafIndex: number;
    /**
     * A SHA-256 hash in base64.
     */
    leafHash: string;
    /**
     * How many events a log has, or which of them, from 0.
     */
    treeSize: number;
    /**
     * A SHA-256 hash in base64.
     */
    rootHash: string;
    /**
     * The hashes beside the way to the root, from the leaf up.
     */
    hashes: Array<string>;
    /**
     * A text and the lines that sign it (C2SP `signed-note`).
     */
    checkpoint: string;
}

/**
 * Check if a given object implements the InclusionProof interface.
 */
export function instanceOfInclusionProof(value: object): value is InclusionProof {
    if (!('eventId' in value) || value['eventId'] === undefined) return false;
    if (!('leafIndex' in value) || value['leafIndex'] === undefined) return false;
    if (!('leafHash' in value) || value['leafHash'] === undefined) return false;
    if (!('treeSize' in value) || value['treeSize'] === undefined) return false;
    if (!('rootHash' in value) || value['rootHash'] === undefined) return false;
    if (!('hashes' in value) || value['hashes'] === undefined) return false;
    if (!('checkpoint' in value) || value['checkpoint'] === undefined) return false;
    return true;
}

export function InclusionProofFromJSON(json: any): InclusionProof {
    return InclusionProofFromJSONTyped(json, false);
}

export function InclusionProofFromJSONTyped(json: any, ignoreDiscriminator: boolean): InclusionProof {
    if (json == null) {
        return json;
    }
    return {
        
        'eventId': json['eventId'],
        'leafIndex': json['leafIndex'],
        'leafHash': json['leafHash'],
        'treeSize': json['treeSize'],
        'rootHash': json['rootHash'],
        'hashes': json['hashes'],
        'checkpoint': json['checkpoint'],
    };
}

export function InclusionProofToJSON(json: any): InclusionProof {
    return InclusionProofToJSONTyped(json, false);
}

export function InclusionProofToJSONTyped(value?: InclusionProof | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'eventId': value['eventId'],
        'leafIndex': value['leafIndex'],
        'leafHash': value['leafHash'],
        'treeSize': value['treeSize'],
        'rootHash': value['rootHash'],
        'hashes': value['hashes'],
        'checkpoint': value['checkpoint'],
    };
}

