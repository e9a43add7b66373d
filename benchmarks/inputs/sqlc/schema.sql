-- As much as the onboarding example declares: one table for each of its five calls.

CREATE TABLE employee (
    employee_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    department TEXT NOT NULL,
    role TEXT NOT NULL,
    manager_id TEXT NOT NULL,
    start_date TEXT NOT NULL
);

CREATE TABLE payroll (
    payroll_id TEXT PRIMARY KEY,
    employee_id TEXT NOT NULL,
    department TEXT NOT NULL
);

CREATE TABLE github (
    username TEXT PRIMARY KEY,
    employee_id TEXT NOT NULL,
    email TEXT NOT NULL,
    team TEXT NOT NULL
);

CREATE TABLE laptop (
    tracking_number TEXT PRIMARY KEY,
    employee_id TEXT NOT NULL,
    model TEXT NOT NULL,
    start_date TEXT NOT NULL
);

CREATE TABLE mail (
    message_id TEXT PRIMARY KEY,
    recipient TEXT NOT NULL,
    template TEXT NOT NULL,
    subject TEXT NOT NULL
);
