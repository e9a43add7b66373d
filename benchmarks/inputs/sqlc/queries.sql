-- name: CreateEmployee :one
INSERT INTO employee (employee_id, name, email, department, role, manager_id, start_date)
VALUES (?, ?, ?, ?, ?, ?, ?)
RETURNING *;

-- name: CreatePayroll :one
INSERT INTO payroll (payroll_id, employee_id, department)
VALUES (?, ?, ?)
RETURNING *;

-- name: CreateGithub :one
INSERT INTO github (username, employee_id, email, team)
VALUES (?, ?, ?, ?)
RETURNING *;

-- name: CreateLaptop :one
INSERT INTO laptop (tracking_number, employee_id, model, start_date)
VALUES (?, ?, ?, ?)
RETURNING *;

-- name: CreateMail :one
INSERT INTO mail (message_id, recipient, template, subject)
VALUES (?, ?, ?, ?)
RETURNING *;
