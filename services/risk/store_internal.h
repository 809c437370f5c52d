/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RISK_STORE_INTERNAL_H
#define RISK_STORE_INTERNAL_H

/* Indexes into risk_statements. The reads come first, in the order in which a district is read: students after their schools. */
enum risk_statement {
    RISK_READ_DAYS,
    RISK_READ_ENROLLMENTS,
    RISK_READ_MARKS,
    RISK_READ_CONTACTS,
    RISK_READ_FLAGS,
    RISK_READS, /* how many */
    RISK_DISTRICTS = RISK_READS,
    RISK_TODAY,
    RISK_FENCE,
    RISK_SWEEP_BEGIN,
    RISK_SWEEP_TO,
    RISK_PUT_DISTRICT,
    RISK_PUT_DAYS,
    RISK_DROP_DAYS,
    RISK_PUT_ENROLLMENTS,
    RISK_DROP_ENROLLMENTS,
    RISK_PUT_MARKS,
    RISK_DROP_MARKS,
    RISK_PUT_FLAGS,
    RISK_PUT_CONTACT,
};

#define RISK_PAGE 20000 /* rows of a read; the number stands in the statements */

#endif
