/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { ExportFilter } from './ExportFilter.js';
import {
    ExportFilterFromJSON,
    ExportFilterFromJSONTyped,
    ExportFilterToJSON,
    ExportFilterToJSONTyped,
} from './ExportFilter.js';

/**
 * The first line of an export. It has either `start` or `filter`.
 * @export
 * @interface ExportBeginning
 */
export interface ExportBeginning {
    /**
     * A text and the lines that sign it (C2SP `signed-note`).
     */
    checkpoint: string;
    /**
     * How many events a log has, or which of them, from 0.
     */
    treeSize: number;
    /**
     * How many events a log has, or which of them, from 0.
     */
    start?: number;
    /**
     * 
     */
    filter?: ExportFilter;
}

/**
 * Check if a given object implements the ExportBeginning interface.
 */
export function instanceOfExportBeginning(value: object): value is ExportBeginning {
    if (!('checkpoint' in value) || value['checkpoint'] === undefined) return false;
    if (!('treeSize' in value) || value['treeSize'] === undefined) return false;
    return true;
}

export function ExportBeginningFromJSON(json: any): ExportBeginning {
    return ExportBeginningFromJSONTyped(json, false);
}

export function ExportBeginningFromJSONTyped(json: any, ignoreDiscriminator: boolean): ExportBeginning {
    if (json == null) {
        return json;
    }
    return {
        
        'checkpoint': json['checkpoint'],
        'treeSize': json['treeSize'],
        'start': json['start'] == null ? undefined : json['start'],
        'filter': json['filter'] == null ? undefined : ExportFilterFromJSON(json['filter']),
    };
}

export function ExportBeginningToJSON(json: any): ExportBeginning {
    return ExportBeginningToJSONTyped(json, false);
}

export function ExportBeginningToJSONTyped(value?: ExportBeginning | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'checkpoint': value['checkpoint'],
        'treeSize': value['treeSize'],
        'start': value['start'],
        'filter': ExportFilterToJSON(value['filter']),
    };
}

